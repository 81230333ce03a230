// Trains AlexNet on Dogs vs. Cats, on the GPU or on a software stand-in for one, and tells dogs from cats with it.
// `npm run dogcat -- --help` lists what it can do.
import { program } from '../src/cli/main.js';

await program();

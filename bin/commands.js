// What `npx wgrad COMMAND` runs: the programs of this package by name. Each takes --help and its own options.
import { meant } from '../build/src/options.js';

const USAGE = `npx wgrad COMMAND [options]

  doctor              what this machine's adapter offers, what is wrong, and how to mend it
  train --data DIR    trains AlexNet on a folder of pictures: one folder a class, or Kaggle's names (cat.1.jpg)
  launch -np N PROG   starts a program in several processes with mpirun, and again when one has died (--restarts N)
  predict FILE|DIR    names what is on pictures, by the network trained last (--run DIR or FILE.safetensors: by another);
                      before there is one, cat or dog, by the network that comes along
  compare RUN RUN...  puts runs side by side into one report
  summary             the network's table of layers
  bench               how fast each kernel is here, beside the adapter's own peak
  gpus [FILE.wgsl]    what the compilers for four GPUs make of the kernels, or of yours; needs no GPU

  npx wgrad train --help, npx wgrad bench --help: all options.`;

/** Runs a module that reads its options from process.argv. */
const module = (path) => async (args) => {
  process.env.WGRAD_CALL = 'npx wgrad'; // how it calls itself in what it prints
  process.argv.splice(2, Infinity, ...args);
  await import(path);
};

/** Runs the image classifier's program. */
const classifier = (first) => async (args) => {
  const [{ program }, { wgrad }] = await Promise.all([
    import('../build/src/cli/main.js'),
    import('../build/src/cli/project.js'),
  ]);
  await program(wgrad, [...first, ...args]);
};

const commands = {
  doctor: module('../build/src/cli/doctor.js'),
  train: classifier([]),
  predict: classifier(['predict']),
  launch: module('../build/src/cli/launch.js'),
  compare: module('../build/src/cli/compare.js'),
  summary: classifier(['--summary']),
  bench: module('../build/bench/main.js'),
  gpus: module('../build/bench/gpus/main.js'),
};

const [command = '--help', ...args] = process.argv.slice(2);
if (Object.hasOwn(commands, command)) await commands[command](args);
else if (['--help', '-h', 'help'].includes(command)) console.log(USAGE);
else {
  console.error(`wgrad: '${command}' is no command; ${meant(command, Object.keys(commands))}\n\n${USAGE}`);
  process.exitCode = 2;
}

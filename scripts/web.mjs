// `npm run web [-- --port N]`: the page that trains in a browser tab, opened, and built anew while its files change.
// No driver is installed: the browser brings its own access to the GPU.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { setup } from './setup.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '5173' } } });
await setup({ installDriver: false }).catch((error) => {
  console.error(`setup: ${error.message}`);
  process.exit(1);
});
if (build()) process.exit(1);

const { createServer } = await import('vite'); // there since setup
const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
const server = await createServer({
  configFile: fileURLToPath(new URL('../web/vite.config.ts', import.meta.url)),
  server: { port: Number(values.port), open: hasScreen },
});
await server.listen();
server.printUrls();

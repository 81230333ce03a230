// Bundles parts of the built library as a page would get them: minified, for browsers, unused kernels left out.
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * One minified ES module.
 * @param {string} code what to bundle, such as `export { matmul } from 'wgrad'`
 * @returns {Promise<{ code: string, map: string, gzipped: number }>} sizes in bytes
 */
export async function bundle(code) {
  const entry = '\0entry.js';
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id.endsWith('/entry') ? entry : id === 'wgrad' ? `${root}build/src/index.js` : null),
        load: (id) => (id === entry ? code : null),
      },
    ],
    build: {
      write: false,
      rolldownOptions: { output: { minify: true } },
      sourcemap: true,
      target: 'es2022',
      lib: { entry: 'entry', formats: ['es'], fileName: 'wgrad.min' },
    },
  });
  const [chunk] = (Array.isArray(result) ? result[0] : result).output;
  return { code: chunk.code, map: String(chunk.map), gzipped: gzipSync(chunk.code, { level: 9 }).length };
}

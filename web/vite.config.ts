// The page's build. In this repository `wgrad` is the library as it is built here; elsewhere it would be the package.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const library = fileURLToPath(new URL('../build/src', import.meta.url));

/** What the page may load and talk to: itself, and nothing else. Not while developing, where Vite adds scripts. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'";

// biome-ignore lint/style/noDefaultExport: Vite asks for one
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  server: { fs: { allow: [fileURLToPath(new URL('..', import.meta.url))] } },
  resolve: {
    alias: [
      { find: /^wgrad$/, replacement: `${library}/index.js` },
      { find: /^wgrad\/(\w+)$/, replacement: `${library}/$1/index.js` },
    ],
  },
  plugins: [
    {
      name: 'content-security-policy',
      apply: 'build',
      transformIndexHtml: () => [
        { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: policy }, injectTo: 'head-prepend' },
      ],
    },
  ],
  worker: { format: 'es' },
  build: { target: 'es2022', outDir: '../build/web', emptyOutDir: true, modulePreload: { polyfill: false } },
});

// Headless Chromium with WebGPU, driven by playwright-core, and a server for what it opens.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];

export const chromiumAdvice = 'Chromium is not installed (apt-get install chromium, or name one in CHROMIUM_PATH)';

/** A Chromium or Chrome of this machine: CHROMIUM_PATH, or the first of the usual places; null where there is none. */
export function chromiumPath(): string | null {
  return [process.env.CHROMIUM_PATH, ...usualPlaces].find((path) => path && existsSync(path)) ?? null;
}

/** A browser whose WebGPU adapter is the machine's own where it has one, else SwiftShader. Extra switches at the end. */
export function openChromium(...more: string[]): Promise<Browser> {
  const executablePath = chromiumPath();
  if (!executablePath) throw new Error(chromiumAdvice);
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []; // Chromium refuses to be root inside one
  const args = ['--enable-unsafe-webgpu', '--no-first-run', ...quiet, ...sandbox, ...more];
  return chromium.launch({ executablePath, args });
}

const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

export interface Served {
  url: string;
  close(): void;
}

/** Serves folders by the path that they hang under, and single texts, at a port of its own. */
export async function serve(
  folders: { [path: string]: string },
  texts: { [path: string]: string } = {},
): Promise<Served> {
  const find = (path: string): string | undefined => {
    for (const [under, folder] of Object.entries(folders)) {
      const file = join(folder, normalize(path.slice(under.length)));
      if (path.startsWith(under) && existsSync(file) && statSync(file).isFile()) return file;
    }
  };
  const server = createServer((request, response) => {
    const asked = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const path = asked.endsWith('/') ? `${asked}index.html` : asked;
    const file = find(path);
    if (texts[path] === undefined && !file) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' });
    response.end(texts[path] ?? readFileSync(file!));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, close };
}

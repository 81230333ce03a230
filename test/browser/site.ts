// The page of web/, built and served, in Chromium: windows of it, what they complain about, and pictures to train on.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { makePng } from '../node/made-images.js';
import { openChromium, type Served, serve } from '../support/chromium.js';
import { FILE_SECONDS } from '../support/limits.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
/** In milliseconds, unless WGRAD_TEST_SECONDS says otherwise. */
export const MINUTE = 250 * FILE_SECONDS;
export const CLASSES = { blue: [40, 60, 220], green: [40, 200, 60], red: [220, 50, 40] };
const EACH = 20;

export class Site {
  /** What pages complained about, and addresses outside the site that they called. */
  readonly complaints: string[] = [];

  private constructor(
    /** A folder of its own, with pictures in `discs`. */
    readonly folder: string,
    readonly server: Served,
    readonly browser: Browser,
  ) {}

  static async start(): Promise<Site> {
    const folder = mkdtempSync(`${tmpdir()}/wgrad-page-`);
    makePictures(folder);
    await build({ configFile: `${root}web/vite.config.ts`, logLevel: 'warn', build: { outDir: `${folder}/site` } });
    const server = await serve({ '/': `${folder}/site` });
    const browser = await openChromium('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream');
    return new Site(folder, server, browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A browser of its own: what its pages keep, no other sees. */
  context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    return this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  }

  /** A page, in a browser of its own unless one is given; `without` runs in it first. */
  async open(where: BrowserContextOptions | BrowserContext = {}, without?: () => void): Promise<Page> {
    const context = 'newPage' in where ? where : await this.context(where);
    const page = await context.newPage();
    page.setDefaultTimeout(MINUTE);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && this.complaints.push(message.text()));
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(this.server.url))
        this.complaints.push(request.url());
    });
    if (without) await page.addInitScript(without);
    await page.goto(this.server.url);
    return page;
  }

  /** A page that is ready to train. */
  async openReady(where?: BrowserContextOptions | BrowserContext): Promise<Page> {
    const page = await this.open(where);
    await page.waitForSelector('#app:not([hidden])');
    await drawn(page, '#examples');
    return page;
  }
}

/** Waits until a canvas shows more than one colour. */
export const drawn = (on: Page, selector: string) =>
  on.waitForFunction((where) => {
    const canvas = document.querySelector<HTMLCanvasElement>(where)!;
    const pixels = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((value, i) => value !== pixels[i % 4]);
  }, selector);

/** Waits until an element's text has these words. */
export const says = (on: Page, words: string | RegExp, { where = '#status', timeout = MINUTE } = {}) =>
  on.locator(where).filter({ hasText: words }).waitFor({ timeout });

/** Saves the page's network to a file. */
export async function saveNetwork(on: Page, file: string): Promise<void> {
  const download = on.waitForEvent('download');
  await on.click('#save');
  await (await download).saveAs(file);
}

/** Discs of a colour on grey: a folder for each class, in one that only wraps them, which a network of any size tells apart in a minute. */
function makePictures(folder: string): void {
  for (const [name, colour] of Object.entries(CLASSES)) {
    mkdirSync(`${folder}/discs/all/${name}`, { recursive: true });
    for (let i = 0; i < EACH; i++) {
      const [cx, cy, radius] = [30 + ((i * 7) % 21), 30 + ((i * 11) % 21), 14 + (i % 9)];
      const picture = makePng(80, 80, (x, y) => {
        const grey = 90 + ((x * 13 + y * 7 + i * 31) % 60);
        return Math.hypot(x - cx, y - cy) < radius ? (colour as [number, number, number]) : [grey, grey, grey];
      });
      writeFileSync(`${folder}/discs/all/${name}/${i}.png`, picture);
    }
  }
  writeFileSync(`${folder}/discs/all/red/20.heic`, 'a kind that browsers do not read');
}

// Opens the page: the worker and its GPU, what was kept, and what is shown where there is no GPU.
import { wrap } from 'comlink';
import { Page } from './app.js';
import { element } from './page.js';
import type { Session } from './session.js';
import { drawSheet } from './sheet.js';
import { messageOf } from './words.js';

const EXAMPLES = 16;
const KEEPS =
  'What is trained stays in this browser: after a reload, or in a tab opened later, it goes on where it was.';
/** In the address: a kept run is shown, but not gone on with. */
const WAIT = '#paused';

/** Shows a page in place of the app: there is no GPU, or it went away. */
function instead(id: 'no-gpu' | 'gpu-lost', reason: string): void {
  element('app').hidden = true;
  element(id).hidden = false;
  element(`${id}-reason`).textContent = reason;
  element('adapter').textContent = 'no GPU';
}

async function open(): Promise<void> {
  if (!('gpu' in navigator)) {
    instead('no-gpu', 'navigator.gpu is not there.');
    return;
  }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const session = wrap<Session>(worker);
  let software = false;
  try {
    const adapter = await session.open();
    software = adapter.software;
    element('adapter').textContent = software ? `${adapter.name} · a CPU in place of a GPU` : adapter.name;
  } catch (error) {
    instead('no-gpu', messageOf(error));
    return;
  }
  void session.lost().then((reason) => instead('gpu-lost', reason));
  const notKept = await session.openStore();
  const page = new Page(session, software);
  page.note(notKept || KEEPS, notKept !== '');
  const restored = await session.restore().catch(messageOf);
  const wait = location.hash === WAIT;
  history.replaceState(null, '', location.pathname + location.search);
  element('app').hidden = false;
  const examples = element<HTMLCanvasElement>('examples');
  void session.examples(EXAMPLES).then((planes) => drawSheet(examples, planes, EXAMPLES / 2));
  if (typeof restored === 'string') page.refuse(restored);
  else if (restored) await page.restore(restored, wait);
}

element('start-again').addEventListener('click', () => {
  location.hash = WAIT; // what lost the GPU may do so again
  location.reload();
});
void open();

// Calls of the library with one argument, or one option, replaced by something that JavaScript lets through.
import * as w from '../../../src/index.js';
import { throughOthers } from './table.js';
import { never, rarely, type Wrong } from './values.js';

/** One argument of a call, or one option of an argument, replaced. */
export interface WrongCall {
  /** Such as `stride = NaN`. */
  what: string;
  args: () => unknown[];
  /** Whether no such argument exists, so that the call must throw. */
  refused: boolean;
}

/** Every replacement in a call that works. */
export function* wrongCalls(call: () => unknown[]): Generator<WrongCall> {
  for (const [place, value] of call().entries()) {
    for (const [wrong, refused] of wrongs) {
      const args = () => call().toSpliced(place, 1, wrong.make());
      yield { what: `argument ${place + 1} = ${wrong.name}`, args, refused };
    }
    for (const option of isOptions(value) ? Object.keys(value) : []) {
      for (const [wrong, refused] of wrongs) {
        const args = () => {
          const all = call();
          return all.toSpliced(place, 1, { ...(all[place] as object), [option]: wrong.make() });
        };
        yield { what: `${option} = ${wrong.name}`, args, refused };
      }
    }
  }
}

const wrongs: [Wrong, boolean][] = [
  ...never.map((wrong): [Wrong, boolean] => [wrong, true]),
  ...rarely.map((wrong): [Wrong, boolean] => [wrong, false]),
];

export const isOptions = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

export const isClass = (value: unknown): boolean =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** What a call came to. */
export interface Outcome {
  kind: 'result' | 'refused' | 'fault';
  said: string;
}

const SECONDS = 20;

/** Calls it; a promise is waited for. */
export async function outcome(name: string, args: unknown[]): Promise<Outcome> {
  const callee = (w as Record<string, unknown>)[name] as (...args: unknown[]) => unknown;
  using _ = w.scope();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const made: unknown = isClass(callee) ? Reflect.construct(callee, args) : callee(...args);
    if (made instanceof Promise) {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing came of it for ${SECONDS} s`)), SECONDS * 1000);
      });
      await Promise.race([made, late]);
    }
    if (callee === w.scope && typeof args[0] !== 'function') (made as w.Scope).close();
    return { kind: 'result', said: '' };
  } catch (error) {
    const said = error instanceof Error ? `${error.constructor.name}: ${error.message}` : `threw ${String(error)}`;
    const speaker = error instanceof w.WgradError ? error.message.split(': ')[0] : undefined;
    const typed = speaker === name || (throughOthers.has(name) && speaker !== undefined && speaker in w);
    return { kind: typed ? 'refused' : 'fault', said };
  } finally {
    clearTimeout(timer);
  }
}

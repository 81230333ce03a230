// A long run of properties: how many cases each gets, and how its result is printed. In Node and in a browser.
import { properties } from './index.js';
import type { Draw, Held } from './property.js';

/** The properties named, or all, with their share of the cases. */
export function sharesOf(names: readonly string[], wanted: number): { name: string; cases: number }[] {
  const unknown = names.filter((name) => !(name in properties));
  if (unknown.length > 0) throw new Error(`no property is called ${unknown}; there are ${Object.keys(properties)}`);
  const chosen = Object.entries(properties).filter(([name]) => names.length === 0 || names.includes(name));
  const shares = chosen.reduce((sum, [, { share }]) => sum + share, 0);
  return chosen.map(([name, { share }]) => ({ name, cases: Math.ceil((wanted * share) / shares) }));
}

/** Tries each by `hold`, prints a line for it, and returns how many cases held and how many properties failed. */
export async function soakProperties(
  plan: readonly { name: string; cases: number }[],
  { seed, path }: Omit<Draw, 'cases'>,
  hold: (name: string, draw: Draw) => Promise<Held>,
): Promise<{ passed: number; failed: number; redrawn: number }> {
  const total = { passed: 0, failed: 0, redrawn: 0 };
  for (const { name, cases } of plan) {
    const start = performance.now();
    try {
      const held = await hold(name, { seed, cases, path });
      total.passed += held.cases;
      total.redrawn += held.redrawn;
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      const blind = `${(100 * held.blind).toFixed(1)} % of the values no larger than their tolerance`;
      console.log(`  ok  ${name.padEnd(28)} ${held.cases} cases, ${held.redrawn} drawn again, ${blind}, ${seconds} s`);
    } catch (error) {
      total.failed++;
      console.log(`FAIL  ${name}: ${(error as Error).message}`);
    }
  }
  return total;
}

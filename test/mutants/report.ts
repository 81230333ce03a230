// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are sources
// Faults in reports, comparisons, metrics.csv and TensorBoard's files.
import { type Fault, planted } from './fault.js';

const pages = planted('report/report', [
  ['src/report/escape.ts', 'quotes are not escaped', `/[<>&"']/g`, '/[<>&]/g'],
  ['src/report/escape.ts', 'data for the script may close it', `.replaceAll('<', '\\\\u003c')`, ''],
  [
    'src/report/thin.ts',
    'a thinned column loses its highest value',
    'if (y > points[high][1]) high = i;',
    'if (y < points[high][1]) high = i;',
  ],
  [
    'src/report/thin.ts',
    'a line goes on over NaN',
    'if (finite.length < column.length && found.at(-1)!.length > 0) found.push([]);',
    '',
  ],
  ['src/report/plot.ts', 'a single value is not seen', '`M${at(piece[0])}h0`', '`M${at(piece[0])}`'],
  [
    'src/report/curves.ts',
    'validation is drawn as training',
    'pointsOf(history, metric), pointsOf(history, `val_${metric}`)',
    'pointsOf(history, metric), pointsOf(history, metric)',
  ],
  [
    'src/report/curves.ts',
    'a share is drawn as it is',
    'const factor = isShare(metric) ? 100 : 1;\n  return history',
    'const factor = 1;\n  return history',
  ],
  [
    'src/report/curves.ts',
    'waiting is of the whole run',
    'now.seconds - before.seconds);\n    return Number.isFinite(share)',
    'now.seconds);\n    return Number.isFinite(share)',
  ],
  [
    'src/report/confusion.ts',
    'answers without a class are forgotten',
    'sum(counts[is]) + (undecided?.[is] ?? 0)',
    'sum(counts[is]) + 0 * (undecided?.[is] ?? 0)',
  ],
  ['src/report/gallery.ts', 'pictures take no room', 'room.left -= figure.length;', ''],
  [
    'src/report/page.ts',
    'the script changes and its hash does not',
    "const tip = add(figure, 'div', 'tip')",
    "const tip = add(figure, 'p', 'tip')",
  ],
]);

const numbers = planted('report/numbers', [
  [
    'src/report/numbers.ts',
    'the last tick is lost',
    'Math.floor(high / step + 1e-9) - first + 1',
    'Math.floor(high / step - 1e-9) - first + 1',
  ],
  [
    'src/report/numbers.ts',
    'a minus before nothing',
    '(/[1-9]/.test(text) ? `−${text.slice(1)}` : text.slice(1))',
    '`−${text.slice(1)}`',
  ],
]);

const answers = planted('report/predictions', [
  [
    'src/report/roc.ts',
    'equal scores are taken one by one',
    'scores[order[i]] === score; i++)',
    'scores[order[i]] === score && found + alarms === foundBefore + alarmsBefore; i++)',
  ],
  [
    'src/report/roc.ts',
    'the area is of steps, not of slopes',
    '(found + foundBefore)) / 2',
    '(2 * found + 0 * foundBefore)) / 2',
  ],
  [
    'src/report/predictions.ts',
    'the surest mistakes are the least sure',
    'all.filter((a) => a.called !== a.label),\n      (a) => -a.probability',
    'all.filter((a) => a.called !== a.label),\n      (a) => a.probability',
  ],
  [
    'src/report/histogram.ts',
    'the highest value is in no bin',
    'Math.min(bins - 1, Math.floor(',
    'Math.min(bins, Math.floor(',
  ],
]);

const runs = planted('report/compare', [
  [
    'src/report/compare-html.ts',
    'a setting that one run lacks is the same in all',
    "values.get(name) ?? '–'",
    'values.get(name) ?? own[0].get(name) ?? own[1].get(name)!',
  ],
  ['src/report/metrics-csv.ts', 'quotes in names are not doubled', `name.replaceAll('"', '""')`, 'name'],
  ['src/report/metrics-csv.ts', 'a line that was cut off counts', '(,|\\r?\\n)/gy', '(,|\\r?\\n|$)/gy'],
]);

const events = planted('report/tensorboard', [
  [
    'src/report/tensorboard.ts',
    'checksums are not masked',
    'return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;',
    'return sum;',
  ],
  [
    'src/report/tensorboard.ts',
    'the length of a record is that of its file',
    'view.setUint32(0, data.length, true)',
    'view.setUint32(0, record.length, true)',
  ],
  ['src/report/protobuf.ts', 'steps above 2^32 are cut', 'rest = Math.floor(rest / 128)', 'rest >>>= 7'],
  ['src/report/tensorboard.ts', 'bins are known by where they begin', 'edges.slice(1)', 'edges.slice(0, -1)'],
  ['src/io/crc32.ts', 'CRC-32C has the polynomial of zip', 'checksum(0x82f63b78)', 'checksum(0xedb88320)'],
]);

const heat = planted('train/grad-cam', [
  [
    'src/train/grad-cam.ts',
    'maps are weighted by twice the mean gradients',
    'mean(maps.grad, [2, 3], true)',
    'mul(mean(maps.grad, [2, 3], true), 2)',
  ],
  [
    'src/train/grad-cam.ts',
    'what speaks against a class is cut off map by map',
    'relu(sum(mul(mean(maps.grad, [2, 3], true), maps.detach()), 1))',
    'sum(relu(mul(mean(maps.grad, [2, 3], true), maps.detach())), 1)',
  ],
  ['src/train/grad-cam.ts', 'parameters stay frozen', 'for (const p of trained) p.requiresGrad = true;', ''],
  [
    'src/train/grad-cam.ts',
    'every input is asked for the first class',
    'tensor(Int32Array.from(list))',
    'tensor(Int32Array.from(list, () => list[0]))',
  ],
]);

export const reportFaults: readonly Fault[] = [...pages, ...numbers, ...answers, ...runs, ...events, ...heat];

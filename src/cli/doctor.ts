// `npm run doctor`: what this machine offers, what is wrong, and how to mend it. Exit code 1 if training cannot work.
import { adapterName } from '../device/device-info.js';
import { familyOf } from '../device/families.js';
import { type Examination, examine } from '../node/doctor.js';
import { orExplain, parse } from './parse.js';

type Row = [name: string, ...values: string[]];

/** What wgrad uses, with what WebGPU guarantees on every device. */
const guaranteed: [limit: string, least: number, unit: 'bytes' | ''][] = [
  ['maxStorageBufferBindingSize', 2 ** 27, 'bytes'],
  ['maxBufferSize', 2 ** 28, 'bytes'],
  ['maxStorageBuffersPerShaderStage', 8, ''],
  ['maxComputeWorkgroupStorageSize', 2 ** 14, 'bytes'],
  ['maxComputeInvocationsPerWorkgroup', 256, ''],
  ['maxComputeWorkgroupsPerDimension', 65535, ''],
];

const usefulFeatures = [
  'shader-f16',
  'subgroups',
  'subgroup-size-control',
  'timestamp-query',
  'chromium-experimental-subgroup-matrix',
];

function inUnits(value: number, unit: 'bytes' | ''): string {
  if (unit === '') return value.toLocaleString('en');
  const [size, name] = value >= 2 ** 20 ? [value / 2 ** 20, 'MiB'] : [value / 2 ** 10, 'KiB'];
  return `${Math.floor(size).toLocaleString('en')} ${name}`;
}

/** Columns as wide as their longest entry. */
function table(rows: Row[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i])).join('   ')}`.trimEnd()).join('\n');
}

function software(found: Examination): Row[] {
  return [
    ['Node', found.node],
    ['Dawn', `${found.dawn}, over ${found.backend}`],
  ];
}

function hardware({ adapter, kernelMs }: Examination): Row[] {
  if (!adapter) return [['Adapter', 'none']];
  const { vendor, architecture, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const { subgroupMatrixConfigs = [] } = adapter.info as { subgroupMatrixConfigs?: Record<string, unknown>[] };
  const family = familyOf(adapter.info);
  const sizes = [...new Set([subgroupMinSize, subgroupMaxSize])].join(' to ');
  const matrices = subgroupMatrixConfigs.map(
    (c) => `${c.M}x${c.N}x${c.K} ${c.componentType} -> ${c.resultComponentType}`,
  );
  return [
    ['Adapter', adapterName(adapter.info)],
    ['', `vendor ${vendor || 'not said'}, architecture ${architecture || 'not said'}`],
    ['Family', family === 'software' ? 'software: a CPU in place of a GPU, right but slow' : family],
    ['Subgroups', `${sizes} lanes`],
    ['Matrix units', matrices.length > 0 ? matrices.join(', ') : 'not offered'],
    ...usefulFeatures.map(
      (name, i): Row => [i === 0 ? 'Features' : '', `${adapter.features.has(name) ? '+' : '-'} ${name}`],
    ),
    [
      'Kernel',
      kernelMs === undefined ? 'FAILED' : `x * x + x of 1,000 numbers is right (${kernelMs.toFixed(0)} ms, the first)`,
    ],
  ];
}

function limits({ adapter }: Examination): Row[] {
  if (!adapter) return [];
  const all = adapter.limits as unknown as Record<string, number>;
  return [
    ['Limits', 'here', 'guaranteed'],
    ...guaranteed.map(([name, least, unit]): Row => [name, inUnits(all[name], unit), inUnits(least, unit)]),
  ];
}

function verdict({ problems }: Examination): string {
  if (problems.length === 0) return 'Everything is in order.';
  return problems.map(({ what, fix }) => `Problem: ${what}\n    fix: ${fix}`).join('\n');
}

async function main(): Promise<number> {
  const { help } = parse({ options: { help: { type: 'boolean' } } }).values;
  if (help) {
    console.log("Says what this machine's adapter offers, what is wrong, and how to mend it. It takes no options.");
    return 0;
  }
  const found = await examine();
  const tables = [[...software(found), ...hardware(found)], limits(found)].filter((rows) => rows.length > 0);
  console.log(`${tables.map(table).join('\n\n')}\n\n${verdict(found)}`);
  return found.kernelMs === undefined ? 1 : 0;
}

process.exitCode = await orExplain(main);

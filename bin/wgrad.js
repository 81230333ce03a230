#!/usr/bin/env node
// `npx wgrad COMMAND`: the programs of this package by name. Each takes --help and its own options.
const USAGE = `npx wgrad COMMAND [options]

  doctor              what this machine's adapter offers, what is wrong, and how to mend it
  train --data DIR    trains AlexNet on a folder of pictures: one folder a class, or Kaggle's names (cat.1.jpg)
  predict FILE...     names what is on pictures, by the network trained last (--run DIR or FILE.safetensors: by another)
  summary             the network's table of layers
  bench               how fast each kernel is here, beside the adapter's own peak

  npx wgrad train --help, npx wgrad bench --help: all options.`;

const trainer = '../build/examples/alexnet-dogcat.js';
const programs = {
  doctor: ['../build/src/cli/doctor.js'],
  train: [trainer],
  predict: [trainer, 'predict'],
  summary: [trainer, '--summary'],
  bench: ['../build/bench/main.js'],
};

const [command = '--help', ...args] = process.argv.slice(2);
if (Object.hasOwn(programs, command)) {
  const [program, ...first] = programs[command];
  process.env.WGRAD_CALL = 'npx wgrad'; // how these programs call themselves in what they print
  process.argv.splice(2, Infinity, ...first, ...args);
  await import(program);
} else if (['--help', '-h', 'help'].includes(command)) {
  console.log(USAGE);
} else {
  console.error(`wgrad: '${command}' is no command\n\n${USAGE}`);
  process.exitCode = 2;
}

// Faults in what makes the paper's preset the paper's, and in what a trainer refuses.
import { type Fault, planted } from './fault.js';

const preset = planted('train/paper', [
  [
    'src/cli/parts.ts',
    'the plateau watches the loss where the error was asked for',
    "watch === 'error' ? (['accuracy', 'max'] as const)",
    "watch !== 'error' ? (['accuracy', 'max'] as const)",
  ],
  ['src/cli/parts.ts', 'the plateau halves the rate', 'factor: 0.1,', 'factor: 0.5,'],
  [
    'src/cli/parts.ts',
    'the velocity is PyTorch’s',
    'weightDecay, rateInVelocity });',
    'weightDecay, rateInVelocity: rateInVelocity && false });',
  ],
  [
    'src/cli/parts.ts',
    'predictions see other pixels than training did',
    'crop, pixels, colours });',
    "crop, pixels: pixels && ('standard' as const), colours });",
    'node/facts',
  ],
  ['src/cli/presets.ts', 'the preset’s first weights are He’s', "initialization: 'paper',", "initialization: 'he',"],
  ['src/cli/presets.ts', 'the preset watches the loss', "watch: 'error',", "watch: 'loss',"],
  [
    'src/cli/facts.ts',
    'a mean picture of other numbers than bytes’ means is taken',
    'image.every((value) => value >= 0 && value <= 255)',
    'image.every((value) => value >= 0 || value !== 0)',
    'node/facts',
  ],
  [
    'src/cli/given.ts',
    'a resumed run takes no notice of other options',
    'if (String(then) === String(value)) continue;',
    "if (String(then) === String(value) || name !== 'flip') continue;",
    'commands',
  ],
  [
    'src/models/unscaled-dropout.ts',
    'the paper’s dropout is made up for twice',
    'return mul(super.forward(x), 1 - this.p);',
    'return this.training ? super.forward(x) : mul(super.forward(x), 1 - this.p);',
    'models/alexnet',
  ],
]);

const refused = planted('train/options', [
  [
    'src/train/tasks.ts',
    'labels that crossEntropy ignores are no mistake',
    "if (labels.dtype === 'i32') requireClasses('classification', labels, classes.length);",
    "if (labels.dtype === 'u8') requireClasses('classification', labels, classes.length);",
  ],
  [
    'src/train/step.ts',
    'results of tasks are looked at in the first step alone',
    "checkStep('trainer', result);",
    "if (parts.optimizer.steps === 0) checkStep('trainer', result);",
    'train/tasks',
  ],
  ['src/train/checks.ts', 'data that give no batch are an epoch', 'if (seen === 0) throw', 'if (seen === -1) throw'],
  [
    'src/train/checks.ts',
    'data that give fewer examples than they promised are an epoch',
    'if (seen >= length || mayGiveFewer) return;',
    'if (seen >= 0 || length > 0 || mayGiveFewer) return;',
  ],
]);

export const paperFaults: readonly Fault[] = [...preset, ...refused];

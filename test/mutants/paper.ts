// Faults in what makes the paper's preset the paper's, and in what a trainer refuses.
import { type Fault, planted } from './fault.js';

const preset = planted('train/paper', [
  [
    'src/cli/parts.ts',
    'the plateau watches the loss where the error was asked for',
    "figures[watch === 'error' ? 0 : 1]",
    "figures[watch === 'error' ? 1 : 0]",
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
    'if (then === value) continue;',
    "if (then === value || name !== 'flip') continue;",
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
    'src/train/checks.ts',
    'labels above the last class are let pass',
    '!(label >= 0 && label < classes.length)',
    '!(label >= 0 && label <= classes.length)',
  ],
  [
    'src/train/checks.ts',
    'batches with numbers left over are let pass',
    'images.data.length !== sizeOf',
    'images.data.length < sizeOf',
  ],
  [
    'src/train/trainer.ts',
    'answers are looked at in the first step alone',
    "checkAnswers('trainer', logits.shape, batch, classes);",
    "if (this.step === 0) checkAnswers('trainer', logits.shape, batch, classes);",
  ],
  [
    'src/train/trainer.ts',
    'data that give no batch are an epoch',
    'if (this.loss.weight === 0)',
    'if (this.loss.weight < 0)',
  ],
  [
    'src/train/saved-state.ts',
    'a plateau of errors goes on with a best loss',
    'saved.stepped !== undefined && saved.stepped !== now',
    "saved.stepped !== undefined && saved.stepped.split(',')[0] !== now?.split(',')[0]",
    'train/checkpoint',
  ],
]);

export const paperFaults: readonly Fault[] = [...preset, ...refused];

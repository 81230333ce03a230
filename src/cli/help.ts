// The text of the trainer's --help.
import { presets, SHORT, TUNING } from './presets.js';
import { bare, type Project } from './project.js';
import { OWN_NAME } from './weights.js';

const usage = (typed: string, does: string) => `  ${typed.padEnd(47)} ${does}`;

/** The text of --help. */
export function help({ about, calls: { train, predict }, pictures, runs }: Project): string {
  return `${about}

${pictures ? usage(bare(train), 'train; the preset follows the adapter') : usage(`${train} --data DIR`, 'train on pictures: one folder a class; the preset follows the adapter')}
${usage(`${train} --data A --data B`, 'on several folders as one set')}
${usage(`${train} --minutes 20`, 'train longer')}
${usage(`${train} --resume`, 'go on with the last run, exactly where it was')}
${usage(`${predict} a.jpg b.png`, "name what is on pictures, by the last run's network (with none: cat or dog)")}
${usage(`${predict} DIR`, 'on all pictures of a folder')}
${usage(`${predict} a.jpg --run DIR`, "by another run's network, or by a file of weights")}
${usage(`${train} --data DIR --from ${OWN_NAME}`, 'teach a trained network other classes, by some dozens of pictures')}

Data
  --data DIR            folder with train/ and test/, or of pictures; several (--data A --data B) are one set. Default:
                        WGRAD_DATA${pictures ? `, then ${pictures.folder}` : ''}; where there is none, drawn stand-ins
  --stand-ins           draw stand-ins even where photographs are at hand
  --limit N             use only N training pictures, evenly from the classes
  --validation F        share of the training pictures kept for validation (0.05)
  --pixels NAME         standard (less the mean, over the deviation, of each channel) | mean-colour (0 to 255 less the mean) |
                        mean-image (0 to 255 less the mean picture, the paper's)
  --area F              training crops take this share of a picture or more, in shapes near a square (1: --image as it is)
  --jitter F            how far brightness, contrast and saturation change by chance; F,F,F: each of them (0)
  --no-flip             no mirroring;  --colour-shift F: strength of the paper's colour change (0.1; 0: off)
  --colour-scale NAME   what it multiplies: deviation (along the axis) | eigenvalue (its square, the paper's text)
  --memory SIZE         what decoded pictures may take, as in 500MB or 2GB; more than that are read from disk as they are
                        needed, with the same result (a quarter of what is free, at most 1GB)
  --workers N           threads that prepare batches; they never change the result (1 to 4, by cores)

Network
  --preset NAME         quick: ${presets.quick.about}
                        best: ${presets.best.about}
                        paper: ${presets.paper.about}
  --variant NAME        paper (groups, local response normalization) | dogcat (batch normalization)
  --width F             scales channels and dense layers
  --image N             side of the crops; --stored N is the side they are cut from
  --dropout F           of the dense layers (${presets.quick.options.dropout}; ${SHORT.dropout} where quick has fewer than ${SHORT.below} epochs)
  --pool-dropout F      after the pools, in dogcat; F,F,F: after each (half of --dropout)
  --dropout-scaling W   where dropout makes up for what it drops: training (PyTorch's) | evaluation (the paper's)
  --initialization NAME he | paper (deviation 0.01, some biases 1) | uniform (PyTorch's)

Training
  --minutes F           train as many epochs as fit into F minutes, decoding and testing included; some steps are timed
                        first (10 where a CPU stands in for a GPU and the preset is quick; else the preset's epochs)
  --epochs N            train N epochs, however long they take
  --batch N  --lr F  --momentum F  --weight-decay F  --label-smoothing F  --seed N
  --precision NAME      f32 | f16 (products in f16 and losses scaled, where the adapter has f16; f32)
  --optimizer NAME      sgd | adamw | adam | rmsprop
  --rate-in-velocity    of sgd: the paper's rule, in which a new rate leaves earlier steps as they were
  --schedule NAME       one-cycle | plateau (divides by 10 when validation stalls, as the paper did) | constant
  --warmup F            share of its steps in which one-cycle rises (${presets.quick.options.warmup})
  --watch WORD          what must stall in validation: loss | error (the error rate, the paper's)
  --ema F               also average the weights, with this decay a step, and validate, test and keep the average (0: do not)
  --on-divergence WORD  stop | rollback: when losses explode or are no numbers, stop, or go back to where the run was
                        saved last and on with half the learning rate, three times at most (stop)
  --detect-anomaly      look at every result and gradient: names the op and layer where the first NaN or infinity
                        is made (slower)

Fine-tuning (${TUNING.epochs} epochs in batches of ${TUNING.batch}, --area ${TUNING.area}, --validation ${TUNING.validation}, unless told otherwise)
  --from WEIGHTS        begin with the network of a run, of a file, or with the one that comes along, ${OWN_NAME}; its last layer is
                        new where the classes are others, and --lr is that layer's
  --features-lr F       the rate of all other layers (${TUNING.featuresLr})
  --freeze PATTERNS     layers that are not trained, nor the normalization behind them: 'conv*', 'conv1,conv2', '*.bias'
  --thaw N              train them, too, after N epochs (never)

Several processes (mpirun, srun, npx wgrad launch)
  --model-parallel      each process computes and trains a share of each large dense layer: their gradients do not travel
  --transport NAME      f32 | f16: what gradients travel as (f32)
  --shard-optimizer     each process keeps a share of the optimizer's state (ZeRO's stage 1)

Output
  --out DIR             where the run goes (${runs}, ${runs}-2, ...)
  --resume [DIR]        go on with the last run, or with the one in DIR, by the options that it was begun with
  --save-every N        also save every N steps (200), so that little is lost
  --keep N              checkpoints kept, besides the best weights (2): a damaged one is passed over
  --no-ten-crop         leave out the ten-crop test at the end;  --no-pictures: leave pictures out of report.html
  --steps N             save and stop at step N
  --summary             print the table of layers and stop
  --profile             time one training step by kernel and layer, leave a trace for Perfetto, and stop
  --help

Ctrl-C (or SIGTERM, or a closed terminal) stops after the step under way, saves, says how to go on, and exits with 0; with
1 if it could not save. Before training begins there is nothing to save, and a second one does not wait: both exit at once
with 130 (143, 129). A device that is lost is opened again and training goes on from where it was saved last.`;
}

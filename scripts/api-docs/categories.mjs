// A TypeDoc plugin: what a page of the reference is filed under follows from the file that it is written in, as the
// layers of the source do, so that no docstring needs a tag for it. The first line that fits counts.
import { Application, CommentTag, Converter } from 'typedoc';

const CATEGORIES = [
  ['Tensors', /^src\/(tensor\/(tensor|parameter|shape|dtype|host-values)|autograd\/ops\/create)\.ts (?!GradNode)/],
  ['Memory', /^src\/tensor\/scope\.ts/],
  ['Random numbers', /^src\/(tensor\/seed|autograd\/ops\/random|data\/random)\.ts/],
  ['Arithmetic', /^src\/autograd\/ops\/(arithmetic|pointwise)\.ts/],
  ['Reductions', /^src\/autograd\/ops\/reduce\.ts/],
  ['Shapes', /^src\/autograd\/ops\/(shape|broadcast)\.ts/],
  ['Losses', /^src\/autograd\/ops\/losses\.ts/],
  ['Neural network ops', /^src\/autograd\/ops\//],
  ['Gradients', /^src\/(autograd\/(tape|gradcheck|anomaly|autocast|checkpoint)|tensor\/(tensor|gradient))\.ts/],
  ['Layers', /^src\/layers\/(?!module|sequential|summary|fold|freeze|reach|call|state|initialize)/],
  ['Modules', /^src\/layers\/(module|sequential|summary|fold|freeze|reach|call|state)\.ts/],
  ['Initialization', /^src\/layers\/initialize\.ts/],
  ['Models', /^src\/models\//],
  ['Schedules', /^src\/optim\/(schedules?|one-cycle|plateau|combined)\.ts/],
  ['Optimizers', /^src\/optim\//],
  ['Data sets', /^src\/(data\/(datasets?|pixel-store|colours|class-of|picture-files|standins)|node\/shards)\.ts/],
  [
    'Batches',
    /^src\/(data\/(augment|batches|collate|image-batches|inputs|loader|mix|samplers)|node\/(batch-workers|dataset-workers|shard-loader))\.ts/,
  ],
  ['Transforms', /^src\/data\/transforms\//],
  ['Pictures', /^src\/(data\/(image|orientation)|node\/(image-folder|decode-image))\.ts/],
  ['Training', /^src\/train\/(trainer|fit|record|tasks?|batches|kept|evaluate)\.ts/],
  ['Callbacks', /^src\/train\/(callback\.ts|callbacks\/)/],
  ['Runs', /^src\/(checkpoint\/|node\/(run-folder|run-saver|checkpoint-files|training-run)\.ts)/],
  ['Several processes', /^src\/distributed\//],
  ['Metrics', /^src\/(metrics\/|train\/predict\.ts)/],
  [
    'Reports',
    /^src\/(report\/|train\/(report|progress|grad-cam|layer-histograms)\.ts|node\/(compare-runs|encode-jpeg|tensorboard-file)\.ts)/,
  ],
  ['Warm-up and tuning', /^src\/tuning\//],
  ['File formats', /^src\/io\//],
  ['Kernels of your own', /^src\/(autograd\/kernel\.ts|device\/(batch|pipeline)\.ts (?!RecorderStats))/],
  ['Profiling', /^src\/(device\/(profile|profiler|place)|kernels\/roofline)\.ts/],
  ['Errors', /^src\/(errors|options)\.ts/],
  ['Device', /^src\/device\//],
];

export function load(app) {
  app.on(Application.EVENT_BOOTSTRAP_END, () => {
    app.options.setValue(
      'categoryOrder',
      CATEGORIES.map(([name]) => name),
    );
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children) {
      for (const page of module.children) {
        const file = page.sources[0].fullFileName.replace(/.*\/(?=src\/)/, '');
        const category = CATEGORIES.find(([, files]) => files.test(`${file} ${page.name}`))?.[0];
        if (!category) {
          app.logger.error(`categories.mjs: no line for ${page.name} of ${file}`);
          continue;
        }
        for (const owner of page.signatures ?? [page]) {
          owner.comment?.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
        }
      }
    }
  });
}

// report.html as text; test/browser/report.ts looks at it in Chromium.
import * as assert from 'uvu/assert';
import { encodePng, type ReportParts, reportHtml, reportSvg } from '../../src/report/index.js';
import { SCRIPT, SCRIPT_HASH } from '../../src/report/page.js';
import { drawnHistory, drawnRun } from '../support/drawn-run.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('report');
const MOST = 5e6;
const everything = drawnRun();

const headings = (html: string) => [...html.matchAll(/<h2>([^<]*)<\/h2>/g)].map(([, title]) => title);
const count = (html: string, what: RegExp) => [...html.matchAll(what)].length;
/** What a reader sees: no markup, script or style. */
const shown = (html: string) => html.replace(/<(script|style)\b.*?<\/\1>/gs, '').replace(/<[^>]*>/g, ' ');

test('a run with everything has every section, in one file that refers to nothing', () => {
  const html = reportHtml(everything);
  assert.equal(headings(html), [
    ...['Learning', 'Pace', 'Test', 'Pictures', 'Filters', 'Layers', 'Data', 'Configuration', 'Network', 'Environment'],
  ]);
  assert.not.match(html, /(src|href)="(?!data:)|url\(|@import|https?:/);
  assert.ok(html.length < MOST, `${html.length} characters`);
  assert.is(count(html, /<img alt="" src=/g), 6 * 3 + 6 * 2, 'three galleries, and pairs for Grad-CAM');
  assert.is(count(html, /class="heat"/g), 6);
});

test('what was not measured has no section: a regression', () => {
  const history = [3, 2, 1].map((loss, i) => ({
    ...{ epoch: i + 1, step: 10 * (i + 1), learningRate: 0.1, seconds: i + 1 },
    metrics: { loss, r2: 1 - loss / 4, val_loss: loss + 0.5, val_r2: 0.5 },
  }));
  const html = reportHtml({ title: 'Houses', history });
  assert.equal(headings(html), ['Learning', 'Pace']);
  assert.equal(
    [...html.matchAll(/<figcaption>([^<]*)/g)].map(([, title]) => title.trim()),
    ['loss', 'R2', 'learning rate', 'throughput'],
  );
  assert.match(
    shown(html),
    /3 epochs, 30 steps, 3 s of training\. The validation loss was lowest, 1\.50, after epoch 3, the last\./,
  );
  assert.not.match(shown(html), /NaN|undefined|null|Infinity/);
});

test('training and validation are two lines of one chart, and a metric that only one of them has is one', () => {
  const record = { epoch: 1, step: 1, learningRate: 1, seconds: 1 };
  const history = [1, 2].map((epoch) => ({
    ...record,
    epoch,
    metrics: { loss: epoch, val_loss: epoch, val_iou: 0.5, grad_norm: 3 },
  }));
  const html = reportHtml({ title: 'x', history });
  const charts = html.split('<figure class="chart').slice(1);
  const found = charts.map((chart) => [/<figcaption>([^<]*)/.exec(chart)![1].trim(), count(chart, /class="line /g)]);
  assert.equal(found, [
    ['loss', 2],
    ['IoU', 1],
    ['grad norm', 1],
    ['learning rate', 1],
    ['throughput', 1],
  ]);
});

test('a name from the run is text wherever it stands', () => {
  const evil = `</script><script>alert(1)</script>"'<img src=x onerror=alert(2)>&amp;`;
  const parts: ReportParts = {
    ...{
      title: evil,
      summary: evil,
      model: evil,
      configuration: { [evil]: { [evil]: evil } },
      environment: { [evil]: evil },
    },
    history: [1, 2].map((epoch) => ({
      epoch,
      step: epoch,
      learningRate: 1,
      seconds: epoch,
      metrics: { [evil]: 1, loss: epoch },
    })),
    confusion: {
      classes: [evil, 'b'],
      counts: [
        [1, 2],
        [3, 4],
      ],
    },
    roc: [
      {
        name: evil,
        points: [
          [0, 0],
          [1, 1],
        ],
        area: 0.5,
      },
    ],
    galleries: [
      {
        title: evil,
        note: evil,
        pictures: [{ picture: encodePng(1, 1, new Uint8Array(4)), caption: evil, note: evil }],
      },
    ],
    filters: { name: evil, shape: [1, 1, 1, 1], data: [1] },
    histograms: [{ name: evil, values: { edges: [0, 1], counts: [1], min: 0, max: 1, mean: 0, std: 0, notFinite: 0 } }],
    data: [{ name: evil, count: 1, classes: { [evil]: 1 } }],
    results: { [evil]: 1 },
  };
  const html = reportHtml(parts);
  const plain = reportHtml(
    JSON.parse(
      JSON.stringify({ ...parts, galleries: undefined }).replaceAll(JSON.stringify(evil).slice(1, -1), 'name'),
    ),
  );
  const tags = (text: string) => [...text.matchAll(/<\/?(script|img)\b/g)].length;
  assert.is(tags(html) - 1, tags(plain), 'one picture more, and no other tag');
  assert.not.match(html, /<img src=x|alert\(1\)<\/script>/);
  for (const [, json] of html.matchAll(/<script type="application\/json">(.*?)<\/script>/gs)) JSON.parse(json);
  assert.not.match(html, /&amp;amp;amp;/, 'and it is escaped once');
  const quoted = { ...parts.history[0], metrics: { 'a" onfocus="b': 1 } };
  assert.not.match(reportHtml({ title: 'x', history: [quoted] }), /a" onfocus/);
});

test('the page allows its own script and no other', async () => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(SCRIPT));
  assert.is(SCRIPT_HASH, btoa(String.fromCharCode(...new Uint8Array(digest))), 'SCRIPT_HASH is that of SCRIPT');
  assert.ok(reportHtml(everything).includes(`script-src 'sha256-${SCRIPT_HASH}'`));
  assert.ok(reportHtml(everything).includes(`<script>${SCRIPT}</script>`));
});

test('NaN breaks a line and is marked; what was not measured does not', () => {
  const values = [3, Number.NaN, 2, 1, Number.POSITIVE_INFINITY];
  const history = values.map((loss, i) => ({
    ...{ epoch: i + 1, step: i + 1, learningRate: 1, seconds: i + 1 },
    metrics: { loss, ...(i % 2 === 0 ? { val_loss: 4 - i / 2 } : {}) } as Record<string, number>,
  }));
  const html = reportHtml({ title: 'x', history });
  const [chart] = html.split('<figure class="chart').slice(1);
  const path = (tone: string) => new RegExp(`class="line ${tone}" d="([^"]*)"`).exec(chart)![1];
  assert.is(count(path('training'), /M/g), 2, 'a piece before NaN and one after it');
  assert.is(count(path('training'), /L/g), 1);
  assert.is(count(path('c1'), /M/g), 1);
  assert.is(count(path('c1'), /L/g), 2, 'three values, two of them an epoch apart');
  assert.equal(
    [...chart.matchAll(/<title>([^<]*)/g)].map(([, t]) => t),
    ['training: NaN at 2', 'training: ∞ at 5'],
  );
  assert.match(shown(html), /A cross is a value that is NaN or infinite/);
  assert.not.match(html, /d="[^"]*(NaN|Infinity)|="[^"]*(NaN|Infinity)%/);
});

test('one epoch is a point, none is a page that says so', () => {
  const one = reportHtml({ title: 'x', history: drawnHistory(1) });
  assert.match(one, /class="line c1" d="M500\.0 [\d.]+h0"/);
  assert.match(shown(one), /The validation loss came to 0\.\d+\./);
  const none = reportHtml({ title: 'x', history: [] });
  assert.equal(headings(none), []);
  assert.match(shown(none), /No epoch was finished\./);
  for (const html of [one, none]) assert.not.match(html.replace(SCRIPT, ''), /NaN|Infinity|undefined/);
});

test('ten thousand epochs and steps are thinned, and no peak is lost', () => {
  const history = drawnHistory(10_000).map((r) => ({
    ...r,
    metrics: { ...r.metrics, peak: r.epoch === 7654 ? 100 : 1 },
  }));
  const steps = history.map(({ step }, i) => ({ step, metrics: { loss: seeded(1, i)[0] } }));
  const html = reportHtml({ title: 'x', history, steps });
  assert.ok(html.length < 1e6, `${html.length} characters`);
  const peak = html.split('<figure class="chart').find((chart) => chart.includes('<figcaption>peak'))!;
  const heights = [...peak.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
  assert.ok(Math.min(...heights) < 100 && Math.max(...heights) > 900, 'the one epoch of 7,654 is drawn');
});

test('a thousand classes are a map and the largest mistakes', () => {
  const classes = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
  const counts: number[][] = classes.map((_, i) =>
    classes.map((_, j) => (i === j ? 40 : (i * 7 + j * 13) % 997 === 0 ? 3 : Number((i * j) % 1999 === 1))),
  );
  counts[17][23] = 11;
  const html = reportHtml({ title: 'x', history: drawnHistory(3), confusion: { classes, counts } });
  assert.ok(html.length < 1e6, `${html.length} characters`);
  assert.match(shown(html), /class 17\s+class 23\s+11/);
  assert.not.match(html, /class="confusion"/);
  const sets = [{ name: 'training', count: 1000, classes: Object.fromEntries(classes.map((name) => [name, 1])) }];
  assert.match(shown(reportHtml({ title: 'x', history: [], data: sets })), /and 976 classes more/);
});

test('pictures for which there is no room are counted, and the file stays below 5 MB', () => {
  const picture = encodePng(200, 200, new Uint8Array(4 * 200 * 200)); // 160 kB, 213,000 characters
  const pictures = Array.from({ length: 60 }, (_, i) => ({ picture, caption: `picture ${i}` }));
  const html = reportHtml({
    ...everything,
    galleries: [
      { title: 'Many', pictures },
      { title: 'More', pictures },
    ],
  });
  assert.ok(html.length < MOST && html.length > 3e6, `${html.length} characters`);
  const figures = count(html, /<figcaption>picture \d+/g);
  assert.match(shown(html), new RegExp(`${60 - figures} more did not fit into this file\\.`));
  assert.match(shown(html), /60 more did not fit into this file\./);
});

test('many metrics, layers, settings and filters are cut, and said', () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  const metrics = Object.fromEntries(numbers.map((i) => [`m${i}`, i]));
  const values = { edges: [0, 1], counts: [1], min: 0, max: 1, mean: 0, std: 0, notFinite: 0 };
  const html = reportHtml({
    ...{ title: 'x', history: [1, 2].map((epoch) => ({ epoch, step: epoch, learningRate: 1, seconds: 1, metrics })) },
    histograms: numbers.map((i) => ({ name: `layer${i}`, values })),
    configuration: Object.fromEntries(numbers.map((i) => [`s${i}`, 'x'.repeat(10_000)])),
    filters: { shape: [1000, 3, 11, 11], data: new Float32Array(1000 * 363) },
  });
  assert.ok(html.length < 2e6, `${html.length} characters`);
  for (const words of [/940 metrics more/, /800 layers more/, /800 values more/]) assert.match(shown(html), words);
  assert.match(html, /1,000 filters of 11 × 11, the first 256 of them/);
});

test('where nothing is called loss, the last epoch stands for the run', () => {
  const history = [1, 2].map((epoch) => ({
    epoch,
    step: epoch,
    learningRate: 1,
    seconds: epoch,
    metrics: { critic: 2 / epoch },
  }));
  const html = reportHtml({ title: 'x', history });
  assert.match(html, /<dt>critic<\/dt><dd>1<\/dd>/);
  assert.match(shown(html), /2 epochs, 2 steps, 2 s of training\.\s/);
  assert.not.match(shown(html), /dotted line|lowest/);
});

test('shares are shown in percent, other metrics as they are', () => {
  const metrics = { loss: 0.5, accuracy: 0.875, val_accuracy: 0.8125, top5_accuracy: 0.99, iou: 0.5 };
  const html = reportHtml({ title: 'x', history: [{ epoch: 1, step: 1, learningRate: 1, seconds: 1, metrics }] });
  assert.match(shown(html), /validation accuracy\s+81\.3 %/);
  assert.match(shown(html), /top5 accuracy\s+99\.0 %/);
  assert.match(html, /"values":\["87\.5 %"\]/);
  assert.match(html, /"values":\["0\.500"\]/, 'the loss');
  assert.match(shown(html), /IoU\s+50\.0 %/);
});

test('the time in which batches were waited for is shown where it is a percent or more', () => {
  const history = (waited: number) =>
    [1, 2, 3].map((epoch) => ({
      epoch,
      step: epoch,
      learningRate: 1,
      seconds: 10 * epoch,
      waited: waited * epoch,
      metrics: { loss: epoch },
    }));
  const chart = /<figcaption>waiting for batches <small>% of the time<.*?class="figure"[^>]*>([^<]*)/s;
  assert.is(chart.exec(reportHtml({ title: 'x', history: history(2) }))?.[1], '20');
  assert.not.match(reportHtml({ title: 'x', history: history(0.05) }), chart);
});

test('a run as one picture: its curves, its filters, what a test found', () => {
  const svg = reportSvg({ ...everything, results: { accuracy: 0.84 } });
  assert.match(svg, /11 epochs, 2,475 steps[^<]*Test accuracy: 84\.0 %\.</);
  assert.is(count(svg, /class="line /g), 4);
  assert.is(count(svg, /<image /g), 1);
  assert.not.match(svg, /NaN|Infinity|undefined|<script/);
  assert.ok(svg.length < 1e5, `${svg.length} characters`);
  assert.match(reportSvg({ title: 'cats & <dogs>', history: [] }), /cats &amp; &lt;dogs&gt;/);
  assert.match(reportSvg({ title: 'x', history: drawnHistory(1) }), /d="M500\.0 [\d.]+h0"/);
  assert.throws(() => reportSvg({ title: 'x' } as never), /reportSvg: history is missing/);
});

test('of several ROC curves each has a value wherever one has a point', () => {
  const roc = [
    {
      name: 'a',
      points: [
        [0, 0],
        [0, 0.5],
        [0.5, 1],
        [1, 1],
      ] as const,
      area: 0.8,
    },
    {
      name: 'b',
      points: [
        [0, 0],
        [0.25, 0.25],
        [1, 1],
      ] as const,
      area: 0.5,
    },
  ];
  const html = reportHtml({ title: 'x', history: [], roc });
  const data = JSON.parse(/<script type="application\/json">(.*?)<\/script>/s.exec(html)![1]);
  assert.equal(data.heads, [
    'false alarms 0.0 %',
    'false alarms 25.0 %',
    'false alarms 50.0 %',
    'false alarms 100.0 %',
  ]);
  assert.equal(
    data.lines.map((line: { values: string[] }) => line.values),
    [
      ['50 %', '50 %', '100 %', '100 %'],
      ['0 %', '25 %', '25 %', '100 %'],
    ],
  );
});

test('what was tested on is called what it is', () => {
  const confusion = {
    classes: ['a', 'b'],
    counts: [
      [3, 1],
      [0, 4],
    ],
  };
  const html = reportHtml({ title: 'x', history: [], confusion, testedOn: 'validation' });
  assert.equal(headings(html), ['Validation']);
  assert.match(shown(html), /validation accuracy\s+87\.5 %/);
  assert.not.match(shown(html), /test/i);
  const undecided = reportHtml({ title: 'x', history: [], confusion: { ...confusion, undecided: [2, 0] } });
  assert.match(shown(undecided), /7 of 10 right/);
  assert.match(shown(undecided), /nothing\s+recall\s+a\s+3\s+1\s+2\s+50\.0 %/);
});

test('parts that cannot be shown are refused by name', () => {
  const says = (parts: object, message: RegExp) =>
    assert.throws(
      () => reportHtml(parts as ReportParts),
      (error: Error) => error.name === 'UsageError' && message.test(error.message),
    );
  says({ title: 'x' }, /^reportHtml: history is missing; it is a list of epochs' figures/);
  says({ history: [] }, /^reportHtml: title is missing; it is a text/);
  says(
    { title: 'x', history: [], confusions: {} },
    /^reportHtml: there is no option 'confusions'; did you mean 'confusion'\?/,
  );
  says({ title: 'x', history: [{ epoch: 1 }] }, /^reportHtml: history is a list of epochs' figures/);
  says(
    { title: 'x', history: [], confusion: { classes: ['a'], counts: [] } },
    /^reportHtml: confusion is a confusion matrix/,
  );
  says(
    { title: 'x', history: [], filters: { shape: [2, 3, 2, 2], data: [] } },
    /^reportHtml: filters is a convolution's weight/,
  );
  says({ title: 'x', history: [], started: 'yesterday' }, /^reportHtml: started is a date such as/);
  const gallery = { title: 'x', pictures: [{ picture: Uint8Array.of(1, 2, 3), caption: 'x' }] };
  says(
    { title: 'x', history: [], galleries: [gallery] },
    /^reportHtml: a picture is the bytes of a PNG or a JPEG, got/,
  );
});

test.run();

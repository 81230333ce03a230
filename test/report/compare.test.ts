import * as assert from 'uvu/assert';
import {
  type ComparedRun,
  compareHtml,
  type EpochFigures,
  metricsCsv,
  readMetricsCsv,
  readRunFacts,
  writeRunFacts,
} from '../../src/report/index.js';
import { drawnHistory } from '../support/drawn-run.js';
import { suite } from '../support/suite.js';

const test = suite('report/compare');

const run = (name: string, rest: Partial<ComparedRun> = {}): ComparedRun => ({
  ...{ name, title: 'a title', history: drawnHistory(5) },
  configuration: { optimizer: { lr: 0.1, name: 'SGD' }, seed: 1 },
  ...rest,
});
const rowsOf = (html: string, table: string) =>
  [
    ...(new RegExp(`<table class="${table}">(.*?)</table>`, 's').exec(html)?.[1] ?? '').matchAll(/<tr>(.*?)<\/tr>/gs),
  ].map(([, row]) =>
    row
      .replace(/<small>.*?<\/small>/g, '')
      .split(/<\/t[hd]>/)
      .map((cell) => cell.replace(/<[^>]*>/g, ''))
      .filter(Boolean),
  );

test('what differs comes as a table, what does not is folded away', () => {
  const html = compareHtml([
    run('a'),
    run('b', { configuration: { optimizer: { lr: 0.2, name: 'SGD' }, seed: 1, extra: true } }),
  ]);
  assert.equal(rowsOf(html, 'differ'), [
    ['a', 'b'],
    ['optimizer.lr', '0.1', '0.2'],
    ['extra', '–', 'yes'],
  ]);
  assert.match(html, /<summary>The same in all: 2 settings<\/summary>/);
  assert.is(html.indexOf('class="differ"') < html.indexOf('class="charts"'), true, 'settings come before curves');
});

test('each run has a row of its best epoch, a colour, and a box that hides it without a script', () => {
  const html = compareHtml([run('a'), run('b', { history: drawnHistory(9, { seed: 4 }) }), run('c', { history: [] })]);
  const [head, ...rows] = rowsOf(html, 'runs');
  assert.equal(head, ['epochs', 'time', 'best epoch', 'validation loss', 'validation accuracy']);
  assert.equal(
    rows.map(([name, epochs]) => [name, epochs]),
    [
      ['a', '5'],
      ['b', '9'],
      ['c', '0'],
    ],
  );
  assert.equal(rows[2].slice(1), ['0', '–', '–', '–', '–']);
  for (const i of [0, 1, 2]) assert.match(html, new RegExp(`main:has\\(#run${i}:not\\(:checked\\)\\) \\.run${i}:is`));
  assert.is(
    [...html.matchAll(/class="line c1 run0"/g)].length,
    5,
    'two metrics of training and validation, and the learning rate',
  );
  assert.is([...html.matchAll(/class="line c3 run2"/g)].length, 0);
});

test('one run, forty runs, hostile names; none and too many are refused', () => {
  assert.match(compareHtml([run('only')]), /<h1>only<\/h1>/);
  const many = compareHtml(
    Array.from({ length: 40 }, (_, i) => run(`r${i}`, { history: drawnHistory(2000, { seed: i }) })),
  );
  assert.ok(many.length < 5e6, `${many.length} characters`);
  assert.not.match(compareHtml([run('</script><b>'), run('b')]), /<\/script><b>/);
  assert.throws(() => compareHtml([]), /compareHtml: takes a list of 1 to 40 runs, got 0/);
  assert.throws(() => compareHtml([run('a'), { title: 'b' } as never]), /compareHtml: run 1: history is missing/);
});

test('metrics.csv is read back as it was written', () => {
  const history: EpochFigures[] = [
    { epoch: 1, step: 10, learningRate: 0.1, seconds: 1.5, waited: 0.5, metrics: { loss: 0.25, 'a, "b"\nc': 1 } },
    {
      epoch: 2,
      step: 20,
      learningRate: 1e-7,
      seconds: 3,
      metrics: { loss: Number.NaN, val_loss: Number.POSITIVE_INFINITY },
    },
  ];
  const text = metricsCsv(history);
  assert.match(
    text,
    /^epoch,step,learningRate,seconds,waited,loss,"a, ""b""\nc",val_loss\n1,10,0\.1,1\.5,0\.5,0\.25,1,\n/,
  );
  assert.equal(readMetricsCsv(text, 'x'), history);
  assert.equal(
    readMetricsCsv(text.replaceAll('\n', '\r\n').replace('""b""\r\n', '""b""\n'), 'x'),
    history,
    'lines may end as in Windows',
  );
  assert.equal(readMetricsCsv(text.slice(0, -3), 'x'), history.slice(0, 1), 'a line that was cut off is left out');
  assert.equal(readMetricsCsv('epoch,loss\n1,2\n', 'x'), [
    { epoch: 1, step: NaN, learningRate: NaN, seconds: NaN, metrics: { loss: 2 } },
  ]);
});

test('another table is refused, by line and column', () => {
  const says = (text: string, message: RegExp) =>
    assert.throws(
      () => readMetricsCsv(text, 'm.csv'),
      (e: Error) => message.test(e.message),
    );
  says('a,b\n1,2\n', /^m\.csv: has no column 'epoch'; its first line names a, b/);
  says('', /^m\.csv: has no column 'epoch'; its first line names nothing/);
  says('epoch,loss\n1\n', /^m\.csv: line 2 has 1 cells, the first line 2/);
  says('epoch,loss\n1,2\n2,two\n', /^m\.csv: line 3, loss: 'two' is no number/);
});

test('run.json keeps facts, NaN too, and refuses what is something else', () => {
  const facts = {
    title: 'x',
    configuration: { lr: 0.1, nested: { list: [1, 'a', null] } },
    results: { a: Number.NaN, b: 1 },
  };
  assert.equal(readRunFacts(writeRunFacts(facts), 'run.json'), facts);
  const says = (text: string, message: RegExp) =>
    assert.throws(
      () => readRunFacts(text, 'run.json'),
      (e: Error) => message.test(e.message),
    );
  says('{', /^run\.json: is not JSON/);
  says('[]', /^run\.json: should be an object of facts of a run/);
  says('{"title": 1}', /^run\.json: title is a text, got 1/);
  says('{"title": "x", "results": {"a": "b"}}', /^run\.json: results is an object of numbers/);
});

test.run();

import { strict as assert } from 'node:assert';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCharts } from '../../../app/results/chart-files';
import { renderTableReport, reportCharts, tableCharts } from '../../../report';
import { sweepFixture } from '../../support/report/sweep-fixture';
import { planted, tableFixture, tableOverAxis } from '../../support/report/table-fixture';

describe('report of a table of scores', function () {
  this.timeout(60_000);
  const input = tableFixture();
  let text = '';
  before(async () => {
    text = await renderTableReport(input);
  });

  it('is the same bytes for the same input', async () => {
    assert.equal(await renderTableReport(input), text);
  });

  it('lets no name become markup, and refers to nothing outside', () => {
    assert.ok(text.includes('&lt;script&gt;document.title'));
    assert.equal(/<(script|img|iframe|object|embed|link|base)\b/i.exec(text), null);
    assert.equal(/(src|xlink:href)\s*=\s*"(?!#)/.exec(text), null);
  });

  it('has no column of dashes alone', () => {
    const tables = [...text.matchAll(/<tbody>(.*?)<\/tbody>/gs)].map(([, body = '']) =>
      [...body.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map(([, row = '']) =>
        [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => cell.trim()),
      ),
    );
    assert.ok(tables.length > 4);
    for (const rows of tables)
      for (const column of rows[0]?.keys() ?? []) assert.ok(rows.some((cells) => cells[column] !== '–'));
  });

  it('has a chapter for each task, with no id twice', () => {
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { task, answer } of input.analyses) {
      assert.ok(answer.includes(task));
      for (const paragraph of answer.split('\n')) assert.ok(text.includes(paragraph.split('<')[0]!.trim()));
    }
    assert.equal(text.match(/which split to buy<\/h2>/g)?.length, 4);
  });
});

describe('report of a table over axes', function () {
  this.timeout(60_000);

  it('shows the winners of all places in one table, each with a link to its chapter', async () => {
    const text = await renderTableReport(tableOverAxis());
    const section = text.slice(text.indexOf('<section id="places"'), text.indexOf('<section id="t1-scores"'));
    const rows = [...section.matchAll(/<th scope="row"[^>]*><a href="#([^"]+)">/g)].map(([, id]) => id);
    assert.deepEqual(rows, ['t1-scores', 't1-scores', 't2-scores', 't2-scores']);
    for (const id of rows) assert.ok(text.includes(`<section id="${id}"`));
    assert.ok(section.includes('&lt;script&gt;') && !text.includes(planted));
    assert.ok(text.includes('<h2 id="t2-scores-heading">a, m, annotator = slip: which split to buy</h2>'));
  });
});

describe('charts as files', function () {
  this.timeout(60_000);
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'budgetline-charts-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('are self-contained SVG and PNG of every chart', async () => {
    const charts = [...reportCharts(sweepFixture({ items: 30 })), ...tableCharts(tableFixture())];
    await writeCharts(folder, charts);
    const files = await readdir(folder);
    assert.deepEqual(files.sort(), charts.flatMap(({ name }) => [`${name}.png`, `${name}.svg`]).sort());
    for (const { name, title } of charts) {
      const svg = await readFile(join(folder, `${name}.svg`), 'utf8');
      assert.ok(svg.startsWith('<svg ') && svg.includes('xmlns="http://www.w3.org/2000/svg"'));
      assert.ok(!/var\(|<script|href="(?!#)/.test(svg), name);
      assert.ok(svg.includes('<title') && svg.includes(title.split('<')[0]!));
      assertDrawn(await readFile(join(folder, `${name}.png`)), name);
    }
  });
});

/** A PNG of at least 500 pixels' width, with more on it than white paper. */
function assertDrawn(png: Buffer, name: string): void {
  assert.equal(png.subarray(1, 4).toString('latin1'), 'PNG');
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  assert.ok(width >= 500 && height >= 150, `${name} is ${width.toString()} × ${height.toString()}`);
  assert.ok(png.length > 5000, `${name} has ${png.length.toString()} bytes`);
}

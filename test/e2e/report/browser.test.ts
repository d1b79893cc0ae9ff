import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { renderReport, renderTableReport } from '../../../report';
import { findChromium } from '../../support/chromium';
import { sweepFixture } from '../../support/report/sweep-fixture';
import { tableFixture } from '../../support/report/table-fixture';

interface Viewed {
  page: Page;
  complaints: string[];
}

/** What the page's own script engine measures; kept as text because the test has no DOM types. */
const measure = {
  widths: '[document.documentElement.scrollWidth, window.innerWidth]',
  /** Figures in sight, with their size and accessible name. */
  charts: `[...document.querySelectorAll('svg[role=img]')].filter((svg) => svg.getBoundingClientRect().width > 0).map((svg) => {
    const { width, height, right } = svg.getBoundingClientRect();
    const words = svg.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id)?.textContent ?? '');
    return { name: svg.dataset.chart, width, height, right, words };
  })`,
  /** Smallest contrast of visible text with its background, by WCAG's formula. */
  contrast: `(() => {
    const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const light = (colour) => {
      const [r, g, b] = parse(colour).slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (parse(colour)[3] !== 0) return colour;
      }
      return 'rgb(255, 255, 255)';
    };
    const texts = [...document.querySelectorAll('body *')].filter((e) =>
      [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && e.getBoundingClientRect().width > 0 && !e.closest('[data-chart$=heat-map]'));
    return texts.map((e) => {
      const svg = e.closest('svg') !== null;
      const colour = svg ? getComputedStyle(e).fill : getComputedStyle(e).color;
      const [a, b] = [light(colour), light(ground(svg ? e.closest('svg').parentElement : e))];
      return { text: e.textContent.trim().slice(0, 40), ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
    }).sort((a, b) => a.ratio - b.ratio)[0];
  })()`,
  headings: `[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))`,
  tables: `[...document.querySelectorAll('table')].map((t) => ({ caption: t.caption?.textContent.trim() ?? '', heads: t.querySelectorAll('th[scope=col]').length, rows: t.querySelectorAll('tbody tr').length, rowHeads: t.querySelectorAll('tbody th[scope=row]').length }))`,
};

describe('report in a browser', function () {
  this.timeout(60_000);
  let browser: Browser | undefined;
  let folder = '';
  let address = '';
  let tableAddress = '';

  before(async function () {
    const executablePath = findChromium();
    if (executablePath === undefined) {
      if (process.env['CI'] === 'true') throw new Error('no Chromium: install it or set CHROMIUM_PATH');
      console.log('    no Chromium on this machine: set CHROMIUM_PATH to look at the report in it');
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'budgetline-report-'));
    const path = join(folder, 'report.html');
    await writeFile(path, await renderReport(sweepFixture({ items: 80 })));
    address = pathToFileURL(path).href;
    const tablePath = join(folder, 'table.html');
    await writeFile(tablePath, await renderTableReport(tableFixture()));
    tableAddress = pathToFileURL(tablePath).href;
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });

  after(async () => {
    await browser?.close();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  async function view(
    width: number,
    colorScheme: 'light' | 'dark' = 'light',
    place = address,
  ): Promise<Viewed> {
    assert.ok(browser);
    const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (request.url() !== place) complaints.push(`request: ${request.url()}`);
    });
    await page.goto(place);
    return { page, complaints };
  }

  for (const width of [320, 390, 1200])
    it(`fits ${width.toString()} pixels, asks for nothing and complains of nothing`, async () => {
      const { page, complaints } = await view(width);
      const [scroll, inner] = await page.evaluate<[number, number]>(measure.widths);
      assert.equal(scroll, inner);
      const charts = await page.evaluate<{ name: string; width: number; right: number; words: string[] }[]>(
        measure.charts,
      );
      assert.equal(new Set(charts.map(({ name }) => name)).size, 10);
      assert.equal(charts.length, 10, 'each chart in one size');
      for (const { name, width: drawn, right, words } of charts) {
        assert.ok(
          drawn > 240 && right <= width,
          `${name} is ${drawn.toString()} wide and ends at ${right.toString()}`,
        );
        assert.ok(
          words.every((text) => text.length > 5),
          `${name} is named and described`,
        );
      }
      assert.deepEqual(complaints, []);
      assert.equal(await page.title(), 'first-sweep: budget split report');
      await page.close();
    });

  for (const scheme of ['light', 'dark'] as const)
    it(`has text that reads in ${scheme} mode`, async () => {
      const { page } = await view(1200, scheme);
      const worst = await page.evaluate<{ text: string; ratio: number }>(measure.contrast);
      assert.ok(worst.ratio >= 4.5, `"${worst.text}" has a contrast of ${worst.ratio.toFixed(2)}`);
      await page.close();
    });

  for (const [width, scheme] of [
    [320, 'dark'],
    [1200, 'light'],
  ] as const)
    it(`shows a table of scores at ${width.toString()} pixels in ${scheme} mode`, async () => {
      const { page, complaints } = await view(width, scheme, tableAddress);
      const [scroll, inner] = await page.evaluate<[number, number]>(measure.widths);
      assert.equal(scroll, inner);
      const worst = await page.evaluate<{ text: string; ratio: number }>(measure.contrast);
      assert.ok(worst.ratio >= 4.5, `"${worst.text}" has a contrast of ${worst.ratio.toFixed(2)}`);
      assert.deepEqual(complaints, []);
      assert.equal(await page.title(), '<script>document.title="stolen"</script>.csv: budget split report');
      await page.close();
    });

  it('reads in order: headings step by one, tables have captions and heads', async () => {
    const { page } = await view(1200);
    const levels = await page.evaluate<number[]>(measure.headings);
    assert.equal(levels.filter((level) => level === 1).length, 1);
    levels.reduce((before, level) => {
      assert.ok(level <= before + 1, `h${level.toString()} after h${before.toString()}`);
      return level;
    }, 0);
    const tables = await page.evaluate<{ caption: string; heads: number; rows: number; rowHeads: number }[]>(
      measure.tables,
    );
    assert.ok(tables.length >= 6);
    for (const { caption, heads, rows, rowHeads } of tables)
      assert.ok(caption !== '' && heads > 1 && rows > 0 && rowHeads === rows, caption);
    await page.close();
  });
});

import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyRun } from '../../../app/audit/audit-run';
import { createRandom } from '../../../core/random';
import { reportFolder } from '../../../host/home';
import type { Verification } from '../../../schemas/audit';
import { call } from '../../support/cli/executable';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryHome } from '../../support/temporary';

type Path = readonly (string | number)[];

/** Every value that is not an object or a list, by its path. */
function leavesOf(value: unknown, at: Path = []): Path[] {
  if (value === null || typeof value !== 'object') return [at];
  return Object.entries(value).flatMap(([name, each]) =>
    leavesOf(each, [...at, Array.isArray(value) ? Number(name) : name]),
  );
}

function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  return typeof value === 'string' ? `${value}x` : 'x';
}

function withOther(data: unknown, [name = '', ...rest]: Path): unknown {
  const copy = (Array.isArray(data) ? [...(data as unknown[])] : { ...(data as object) }) as Record<
    string | number,
    unknown
  >;
  copy[name] = rest.length === 0 ? other(copy[name]) : withOther(copy[name], rest);
  return copy;
}

describe('audit verify of a finished sweep', function () {
  this.timeout(acquisitionLimitMs);
  const home = temporaryHome();
  let id: string;
  let report: string;

  const verify = (): Promise<Verification> => verifyRun(id, { home: home.path() });

  before(async () => {
    const env = { BUDGETLINE_HOME: home.path() };
    const words = ['--budgets', '64', '--sft-fractions', '1,0.5', '--items', '40'];
    const { status, stderr } = await call(['run', 'examples/first-sweep.ts', ...words], { env });
    assert.equal(status, 0, stderr);
    [id = ''] = readdirSync(join(home.path(), 'reports'));
    report = reportFolder(home.path(), id);
    const audited = await call(['audit', 'verify', id], { env });
    assert.equal(audited.status, 0, audited.stdout);
    // Without it, a changed history would be read from the server again.
    await call(['server', 'stop'], { env });
  });

  const found = (result: Verification, what: string): void =>
    assert.ok(!result.passed, `${what}: ${JSON.stringify(result.checks)}`);

  async function mutate(path: string, count: number): Promise<void> {
    const text = readFileSync(path, 'utf8');
    const all = leavesOf(JSON.parse(text));
    const random = createRandom(
      3,
      path
        .split('/')
        .at(-1)!
        .replace(/[0-9a-f-]{12,}/, ''),
    );
    const chosen =
      count >= all.length
        ? all
        : Array.from({ length: count }, () => all[Math.floor(random() * all.length)]!);
    for (const at of chosen) {
      writeFileSync(path, `${JSON.stringify(withOther(JSON.parse(text), at), undefined, 2)}\n`);
      try {
        found(await verify(), `${path}: ${at.join('.')}`);
      } finally {
        writeFileSync(path, text);
      }
    }
  }

  it('finds any changed field of result.json', () => mutate(join(report, 'result.json'), 40));

  it('finds any changed field of the anchor and of the complete history', async () => {
    await mutate(join(home.path(), 'store', 'anchors', `${id}.json`), Infinity);
    const histories = join(home.path(), 'store', 'histories');
    const complete = readdirSync(histories).filter((name) => name.endsWith('.complete.json'));
    assert.equal(complete.length, 1);
    await mutate(join(histories, complete[0]!), 20);
  });

  it('finds exchanged evaluations, another base, and another analysis', async () => {
    const path = join(report, 'result.json');
    const text = readFileSync(path, 'utf8');
    type Evaluated = { evaluation: object };
    type Stored = { result: { base: object; cells: [Evaluated, Evaluated] }; analysis: { answer: string } };
    const changes: ((stored: Stored) => void)[] = [
      ({ result: { cells } }) =>
        ([cells[0].evaluation, cells[1].evaluation] = [cells[1].evaluation, cells[0].evaluation]),
      ({ result }) => (result.base = result.cells[0].evaluation),
      ({ analysis }) => (analysis.answer = 'Buy nothing.'),
    ];
    for (const change of changes) {
      const stored = JSON.parse(text) as Stored;
      change(stored);
      writeFileSync(path, `${JSON.stringify(stored, undefined, 2)}\n`);
      found(await verify(), change.toString());
      writeFileSync(path, text);
    }
  });

  it('finds a changed page, chart or table, one that is missing and one too many', async () => {
    const files = readdirSync(report, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.\w+$/.test(name),
    );
    const some = [
      'report.html',
      'scores.csv',
      files.find((name) => name.endsWith('.svg'))!,
      files.find((name) => name.endsWith('.png'))!,
    ];
    for (const name of some) {
      const bytes = readFileSync(join(report, name));
      appendFileSync(join(report, name), ' ');
      found(await verify(), name);
      rmSync(join(report, name));
      found(await verify(), `without ${name}`);
      writeFileSync(join(report, name), bytes);
    }
    writeFileSync(join(report, 'more.txt'), '');
    found(await verify(), 'one too many');
    rmSync(join(report, 'more.txt'));
    assert.ok((await verify()).passed);
  });
});

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplicationFailure } from '@temporalio/common';
import { loadMember } from '../../../code/members';
import type { PlannedStage, StageInputs } from '../../../contracts/stage';
import { digestOf } from '../../../core/digest';
import { noWork, outputOf, plainFacts } from '../../../stages';
import { describeModel } from '../../../store';
import { createBench, type StageBench } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';
import { makeTinyModel } from '../../support/tiny-model';

const activities = `import { join } from 'node:path';
import { symlink } from 'node:fs/promises';

export async function good(session) {
  const dir = await session.freshDir('payload');
  await session.writeRows(join(dir, 'notes.jsonl'), [{ note: 1 }]);
  return { dir, metrics: { notes: 1 } };
}
export const input = async (session) => ({ dir: (await session.open('input')).dir, metrics: {} });
export async function linked(session) {
  const link = join(await session.freshDir('links'), 'link');
  await symlink((await session.open('input')).dir, link);
  return { dir: link, metrics: {} };
}
export const outside = async (session) => ({ dir: await session.freshDir('../../artifacts'), metrics: {} });
export const nothing = async () => {};
const returning = (metrics) => async (session) => ({ dir: await session.freshDir('payload'), metrics });
export const missing = returning(undefined);
export const text = returning({ loss: 'low' });
export const notANumber = returning({ loss: NaN });
export const noRows = returning({ rows: 0 });
export async function throws() {
  throw new TypeError('no such thing');
}
export async function unopened(session) {
  await session.open('absent');
}
`;

describe('a stage of a user’s kind', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let bench: StageBench;
  let module: string;
  before(() => {
    module = folder.at('kind.ts');
    writeFileSync(module, activities);
    bench = createBench(folder.at('home'), {});
  });

  async function planned(
    name: string,
    inputs: StageInputs = {},
    facts: Partial<PlannedStage> = {},
  ): Promise<PlannedStage> {
    const { pinned: activity } = await loadMember({ module, export: name });
    const spec = { kind: 'notes' };
    return {
      ...plainFacts,
      ...{
        key: digestOf({ name, inputs }),
        kind: 'notes',
        makes: 'notes',
        revision: 1,
        spec,
        inputs,
        activity,
      },
      ...{ title: `Notes of ${name}`, queue: 'cpu', work: noWork, optimiserSteps: null },
      ...facts,
    };
  }

  function assertRefused({ type, nonRetryable, message, details }: ApplicationFailure, field: string): void {
    assert.deepEqual([type, nonRetryable], ['DEFINITION_INVALID', true], message);
    const [shown] = details as Record<string, unknown>[];
    assert.deepEqual([shown!['kind'], shown!['path'], shown!['field']], ['notes', module, field]);
    assert.match(message, /"notes"/);
    assert.match(message, /kind\.ts/);
  }

  for (const name of ['input', 'linked'])
    it(`may not return an input artifact as its folder (${name}): the artifact stays`, async () => {
      const source = await planned('good');
      await bench.run(source);
      const failure = await bench.fail(await planned(name, { input: outputOf(source) }));
      assertRefused(failure, 'dir');
      assert.match(JSON.stringify(failure.details), /Return a folder of freshDir/);
      const { dir } = await bench.store.verify({ kind: 'notes', key: source.key });
      assert.ok(existsSync(join(dir, 'notes.jsonl')));
    });

  it('may not return the base model as its folder: the model stays', async () => {
    const path = await makeTinyModel(folder.at('model'));
    const before = await describeModel(path);
    const failure = await bench.fail(await planned('input', { input: { digest: before.digest, path } }));
    assertRefused(failure, 'dir');
    assert.deepEqual(await describeModel(path), before);
  });

  it('cannot empty a folder outside its scratch folder', async () => {
    const source = await planned('good');
    await bench.run(source);
    assertRefused(await bench.fail(await planned('outside')), 'freshDir');
    await bench.store.verify({ kind: 'notes', key: source.key });
  });

  const faulty: Readonly<Record<string, string>> = {
    nothing: '',
    missing: 'metrics',
    text: 'metrics.loss',
    notANumber: 'metrics.loss',
    throws: 'activity',
  };
  for (const [name, field] of Object.entries(faulty))
    it(`fails as a fault of the definition: ${name}`, async () => {
      const failure = await bench.fail(await planned(name));
      assertRefused(failure, field);
      if (name === 'throws') assert.match(failure.message, /kind\.ts:\d+ fails: TypeError: no such thing/);
    });

  it('needs a file of its rows', async () => {
    const provenance = { description: '', license: '', annotator: null };
    const rows = { count: 0, noun: 'rows', format: 'demonstrations', provenance } as never;
    assertRefused(
      await bench.fail(await planned('noRows', {}, { rows, makes: 'rows', nest: 'a'.repeat(64) })),
      'dir',
    );
  });

  it('keeps the code of an error of the session', async () => {
    assert.equal((await bench.fail(await planned('unopened'))).type, 'CONFIG_INVALID');
  });
});

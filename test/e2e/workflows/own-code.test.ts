import assert from 'node:assert/strict';
import { explainStage } from '../../../audit';
import { loadDefinition } from '../../../app/definition/load-definition';
import { warnOfKeptVersions } from '../../../app/plan/kept-versions';
import { resolveDefinition } from '../../../definitions';
import { createFolderStore } from '../../../store';
import { builtInTasks } from '../../../workers';
import { readTrainerStarts } from '../../support/counted-trainer';
import { type OwnTaskFile, writeOwnTask } from '../../support/own-task';
import { type RanSweep, runSweep, withWorkers } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

type Edits = readonly (readonly [file: OwnTaskFile, from: string, to: string])[];

describe('a sweep with a user’s task whose code changes', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  let copies = 0;

  async function load(edits: Edits) {
    const { definition, tasks } = await loadDefinition(
      writeOwnTask(folder.at(`copy-${++copies}`), edits),
      {},
    );
    return { tasks, resolved: await resolveDefinition(definition, { tasks: [...tasks, ...builtInTasks] }) };
  }
  /** A sweep with the user's code as edited, on workers with the same code or with another. */
  async function run(edits: Edits, ofWorkers = edits): Promise<RanSweep & { trainers: string[] }> {
    const home = folder.at('home');
    const before = readTrainerStarts(home).length;
    const { resolved } = await load(edits);
    const { tasks } = await load(ofWorkers);
    const ran = await withWorkers(home, (client) => runSweep(client, resolved), { tasks });
    return {
      ...ran,
      trainers: readTrainerStarts(home)
        .slice(before)
        .map(({ command }) => command),
    };
  }
  /** Kinds of the stages that a run made again. */
  const made = ({ result }: RanSweep): string[] =>
    [...result.baseStages, ...result.cells.flatMap(({ stages }) => stages)].flatMap(({ kind, cached }) =>
      cached ? [] : [kind],
    );
  const scoresOf = ({ result }: RanSweep): number[] => result.cells.map(({ evaluation }) => evaluation.score);
  const harsh = [['lib/grade.ts', 'Number(', '0.25 + 0 * Number(']] as const;

  before(async () => {
    assert.deepEqual((await run([])).result.failedCells, []);
  });

  it('takes everything from the store if a comment, an unrelated file or the place changed', async () => {
    const again = await run([
      ['lib/grade.ts', '// Correct', '// It is correct'],
      ['other.ts', '1', '2'],
    ]);
    assert.deepEqual([made(again), again.trainers], [[], []]);
  });

  it('scores again, and only that, if a module of the verifier changed; explain names the file', async () => {
    const ran = await run(harsh);
    assert.deepEqual([made(ran), ran.trainers], [['evaluate', 'evaluate'], []]);
    assert.deepEqual(scoresOf(ran), [0.25]);
    for (const { stage } of ran.plan.stages.filter(({ stage: { kind } }) => kind === 'evaluate')) {
      const { differences } = await explainStage(createFolderStore(folder.at('home')), stage.key);
      const fields = differences.map(({ field }) => field);
      assert.deepEqual(fields, ['spec.code.grading.lib/grade.ts']);
    }
  });

  it('makes everything again that a prompt or a generator affects', async () => {
    for (const edit of [
      ['lib/prompt.ts', 'How many', 'How much'],
      ['task.ts', '2 + Math', '3 + Math'],
    ] as const) {
      const kinds = made(await run([edit]));
      assert.deepEqual([...new Set(kinds)].sort(), [
        'evaluate',
        'freezeReference',
        'synthesizeData',
        'trainSft',
      ]);
    }
  });

  it('is taken from the store if the user kept the version, with a warning that names the file', async () => {
    const kept = ['task.ts', "metric: 'accuracy',", "metric: 'accuracy', version: 1,"] as const;
    const store = createFolderStore(folder.at('home'));
    const warnings = (ran: RanSweep): Promise<string[]> => warnOfKeptVersions(store, ran.plan);
    const first = await run([kept]);
    assert.deepEqual(await warnings(first), []);
    const changed = await run([kept, ...harsh]);
    assert.deepEqual([made(changed), scoresOf(changed)], [[], scoresOf(first)]);
    assert.match(
      (await warnings(changed)).join(),
      /^lib\/grade\.ts changed, but the version of the code did not: 2 of/,
    );
    const raised = ['task.ts', "metric: 'accuracy',", "metric: 'accuracy', version: 2,"] as const;
    assert.deepEqual(scoresOf(await run([raised, ...harsh])), [0.25]);
  });

  it('is refused by workers with other code, which name the different files', async () => {
    const edits: Edits = [['lib/grade.ts', 'Number(', '0.75 + 0 * Number(']];
    const { result } = await run(edits, []);
    const failedCells = result.failedCells.map(({ code, message }) => [code, /lib\/grade\.ts/.test(message)]);
    assert.deepEqual(failedCells, [['CODE_DIFFERS', true]]);
    assert.deepEqual(scoresOf(await run(edits)), [0.75]);
  });
});

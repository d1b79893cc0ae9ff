import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAnnotators } from '../../annotators';
import { BudgetlineError } from '../../contracts/failures';
import type { Annotator } from '../../contracts/task';
import { demonstrationsStage } from '../../planning';
import { coinTask } from '../support/coin-task';
import { createBench, resolveSmall } from '../support/stage-bench';
import { temporaryFolder } from '../support/temporary';

// Demonstrations ask nothing of the model; any folder will do.
const model = join(__dirname, '../../models/tiny-math');

describe('pure: annotators that work by the batch', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();

  it('share a folder over stages and attempts, and wait without eating the retry budget', async () => {
    const folders: string[] = [];
    let ready = false;
    const slow: Annotator = {
      name: 'slow',
      description: 'Is not ready at first.',
      demonstrate: () => '',
      demonstrateAll(problems, session) {
        folders.push(session.folder);
        if (!ready) return Promise.reject(new BudgetlineError('ANNOTATION_PENDING', 'Not yet.'));
        session.spent({ inputTokens: 5, outputTokens: 2, usd: 0.25 });
        return Promise.resolve(problems.map(({ id }) => ` wrote ${id}`));
      },
    };
    const resolved = await resolveSmall(model, { annotator: 'slow' });
    const bench = createBench(folder.at('home'), { deps: { tasks: [withAnnotators(coinTask, slow)] } });
    const stage = demonstrationsStage({ resolved, seed: 0 }, { rows: 6 });
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const failure = await bench.fail(stage, { attempt });
      assert.deepEqual([failure.type, failure.nonRetryable], ['ANNOTATION_PENDING', false]);
    }
    ready = true;
    const { metrics } = await bench.run(stage, { attempt: 5 });
    assert.deepEqual([metrics['rows'], metrics['annotatorCalls'], metrics['annotatorUsd']], [6, 1, 0.25]);
    await bench.run(demonstrationsStage({ resolved, seed: 0 }, { rows: 9 }));
    assert.equal(new Set(folders).size, 1, 'a larger budget finds the answers of a smaller one');
    const { dir } = await bench.store.verifyArtifact({ kind: 'synthesizeData', key: stage.key });
    const rows = readFileSync(join(dir, 'demonstrations.jsonl'), 'utf8').trimEnd().split('\n');
    for (const row of rows.map((line) => JSON.parse(line) as { id: string; completion: string }))
      assert.equal(row.completion, ` wrote ${row.id}`);
  });

  it('an empty completion is refused by the row', async () => {
    const mute: Annotator = {
      ...{ name: 'mute', description: 'Says nothing.', demonstrate: () => '' },
      demonstrateAll: (problems) => Promise.resolve(problems.map((_, index) => (index === 2 ? ' ' : 'x'))),
    };
    const resolved = await resolveSmall(model, { annotator: 'mute' });
    const bench = createBench(folder.at('home'), { deps: { tasks: [withAnnotators(coinTask, mute)] } });
    const failure = await bench.fail(demonstrationsStage({ resolved, seed: 0 }, { rows: 4 }));
    assert.equal(failure.type, 'DATA_INVALID');
    assert.match(failure.message, /wrote nothing for problem pool-/);
  });
});

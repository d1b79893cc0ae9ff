import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { createKit } from '../../../../conformance/kit';
import { eventsOf } from '../../../../conformance/run';
import { defaultTrainerCommand } from '../../../../activities';
import { embeddedModelPath } from '../../../../host/package-files';
import { temporaryFolder } from '../../../support/temporary';

describe('the process of the training executable', function () {
  const folder = temporaryFolder();

  it('sends no usage events to the maker of its runtime: it leaves no log of them', async () => {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = folder.path();
    try {
      const executable = { command: defaultTrainerCommand(), timeoutMs: 120_000 };
      const kit = createKit(executable, { folder: folder.path(), model: embeddedModelPath });
      assert.equal((await kit.start(kit.logprobs('quiet'))).status, 0);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    assert.deepEqual(
      readdirSync(folder.path()).filter((name) => /debug|\.log$/.test(name)),
      [],
    );
  });
});

describe('heartbeats of the training executable', function () {
  const folder = temporaryFolder();

  it('come from a thread, with growing CPU time, while one call generates for seconds', async () => {
    const executable = { command: defaultTrainerCommand(), timeoutMs: 120_000 };
    const kit = createKit(executable, { folder: folder.path(), model: embeddedModelPath });
    const prompts = Array.from({ length: 1024 }, (_, index) => ({
      id: `p-${index}`,
      prompt: `Q: ${index}?\nA:`,
    }));
    const run = await kit.start({
      ...kit.generate('long-call'),
      prompts: kit.writeRows('many.jsonl', prompts),
      samples: 1,
      decoding: { mode: 'sample', temperature: 20 },
      batchSize: 1024,
      maxNewTokens: 120,
    });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.events.at(-1)?.event, 'result');
    const [call] = run.events.flatMap(({ event }, index) => (event === 'progress' ? [index] : []));
    const within = run.events.slice(0, call).flatMap((one) => (one.event === 'heartbeat' ? [one.cpuMs] : []));
    assert.ok(within.length >= 2, `${within.length} heartbeats in a call of ${run.timesMs[call ?? 0]} ms`);
    assert.ok(within.at(-1)! - within[0]! > 500, `CPU times of ${within.join(', ')} ms`);
    assert.equal(eventsOf(run, 'progress').length, 1, 'it was one call');
  });
});

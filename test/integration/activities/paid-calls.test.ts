import assert from 'node:assert/strict';
import type { LineOf } from '../../../schemas/ledger';
import { listPriceUsd, planCell } from '../../../planning';
import { createBench, prices, resolveSmall, stageOf } from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';

const isEnd = (line: { type: string }): line is LineOf<'attempt-ended'> => line.type === 'attempt-ended';

describe('what verifier calls of pairs cost', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  /** A store with everything that the pairs of a cell need. */
  async function benchBefore(name: string, change: Parameters<typeof resolveSmall>[1]) {
    const resolved = await resolveSmall(await makeTinyModel(folder.at('model')), change);
    const { stages } = await planCell(resolved);
    const pairs = stageOf(stages, 'synthesizeData', 1);
    const bench = createBench(folder.at(name), {});
    for (const stage of stages.slice(0, stages.indexOf(pairs))) await bench.run(stage);
    return { bench, pairs };
  }

  it('is paid once, however often a limit stopped them', async () => {
    const { bench, pairs } = await benchBefore('stopped', { budget: 70, sftFraction: 0.1 });
    const rows = pairs.rows!.count * prices.preferencePair;
    const short = await bench.fail(pairs, { runId: 'first', allowanceUsd: rows + 30 });
    assert.equal(short.type, 'SPEND_LIMIT');
    const [spent] = short.details as { spentUsd: number }[];
    const result = await bench.run(pairs, { runId: 'second' });
    const calls = result.metrics['verifierCalls']!;
    assert.ok(calls * prices.verifierCall > 30);
    assert.equal(result.cost.verifierCalls, calls, 'what it took in all');
    assert.equal(spent!.spentUsd + result.usd, rows + calls * prices.verifierCall);
    assert.equal(result.rowsUsd, rows);
    const booked = (await bench.ledger(pairs)).filter(isEnd).reduce((sum, { usd }) => sum + usd, 0);
    assert.equal(booked, rows + calls * prices.verifierCall);
  });

  it('fits a limit that equals the plan if the yield is as planned', async () => {
    const { bench, pairs } = await benchBefore('tight', { budget: 8 });
    const planned = listPriceUsd([pairs]);
    const { metrics } = await bench.run(pairs, { allowanceUsd: planned });
    const usd = metrics['rows']! * prices.preferencePair + metrics['verifierCalls']! * prices.verifierCall;
    assert.ok(usd <= planned, `$${usd} of $${planned}`);
  });
});

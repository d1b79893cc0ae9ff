import assert from 'node:assert/strict';
import type { ControlResult } from '../../../contracts/results';
import { controlIdOf } from '../../../contracts/results';
import { analyzeSweep, type AnalyzeSweepInput } from '../../../analysis';
import { fixedItems, identify, makeSweep, summarize } from '../../support/analysis/sweeps';

const right: Record<number, number> = { 1: 200, 0.5: 300, 0: 100 };
const plain = makeSweep({
  grid: { budgets: [1024], sftFractions: [1, 0.5, 0] },
  base: fixedItems(400, 80),
  rows: ({ sftFraction }) => fixedItems(400, right[sftFraction]!),
});

interface ControlInput extends Pick<ControlResult, 'kind' | 'setting'> {
  readonly of: number;
  readonly right: number;
}

/** The sweep with controls, by the number of their correct items out of 400. */
function withControls(inputs: readonly ControlInput[]): AnalyzeSweepInput {
  const items = new Map(plain.items);
  const controls = inputs.map((control): ControlResult => {
    const rows = fixedItems(400, control.right);
    const of = identify(1024, control.of).id;
    const result = { stages: [], ...control, of, evaluation: summarize(rows), annotationUsd: 1.024 };
    items.set(controlIdOf(result), rows);
    return result;
  });
  return { ...plain, items, result: { ...plain.result, controls } };
}

const analyze = (inputs: readonly ControlInput[]) => analyzeSweep(withControls(inputs));

describe('ablations of winners, and further controls', () => {
  it('compares a mixture with SFT on its chosen answers, and on rejection samples', () => {
    const { controls, answer } = analyze([
      { kind: 'sft-on-chosen', of: 0.5, right: 300 },
      { kind: 'rejection-sampling', of: 0.5, right: 200 },
    ]);
    assert.deepEqual(
      controls.map(({ kind, higher }) => [kind, higher]),
      [
        ['sft-on-chosen', 'equal'],
        ['rejection-sampling', 'mixture'],
      ],
    );
    assert.match(
      controls[1]!.reading,
      /rejection samples of the same warm start 0\.500.*the mixture is higher/,
    );
    assert.ok(answer.includes(controls[0]!.reading) && !answer.includes(controls[1]!.reading));
  });

  it('compares the prompted base with the base, and a likelihood term with SFT share 0', () => {
    const { furtherControls } = analyze([
      { kind: 'few-shot', of: 1, right: 180 },
      { kind: 'dpo-nll', of: 0, right: 100 },
    ]);
    assert.deepEqual(
      furtherControls.map(({ kind, budget, effect }) => [kind, budget, effect]),
      [
        ['few-shot', null, 'helps'],
        ['dpo-nll', 1024, 'none'],
      ],
    );
    assert.ok(Math.abs(furtherControls[0]!.difference.estimate - 0.25) < 1e-12);
    assert.match(furtherControls[1]!.reading, /does not replace a warm start/);
  });
});

describe('whether a setting of preference tuning changes the winner', () => {
  const tuned = (setting: string, mixture: number, alone: number): ControlInput[] => [
    { kind: 'beta', setting, of: 0.5, right: mixture },
    { kind: 'beta', setting, of: 0, right: alone },
  ];

  it('no: the same split leads under all of them', () => {
    const [tuning] = analyze(tuned('beta × 0.5', 280, 120)).tuning;
    assert.equal(tuning?.changes, 'no');
    assert.deepEqual(
      tuning.settings.map(({ setting, sftFraction }) => [setting, sftFraction]),
      [
        ['as defined', 0.5],
        ['beta × 0.5', 0.5],
      ],
    );
    assert.match(tuning.reading, /and with every other β/);
  });

  it('yes: another split is significantly above it; pure SFT has one score under every setting', () => {
    const [tuning] = analyze([...tuned('beta × 0.5', 280, 120), ...tuned('beta × 2', 120, 90)]).tuning;
    assert.equal(tuning?.changes, 'yes');
    const last = tuning.settings.at(-1);
    assert.deepEqual([last?.sftFraction, last?.score.estimate], [1, 0.5]);
    assert.ok((last?.overDefined?.low ?? 0) > 0.1);
    assert.match(tuning.reading, /beta × 2 puts SFT share 1 \+0\.200/);
  });

  it('unclear: the difference is not significant', () => {
    const [tuning] = analyze(tuned('beta × 2', 199, 90)).tuning;
    assert.equal(tuning?.changes, 'unclear');
    assert.match(tuning.reading, /which is not significant/);
  });

  it('is empty if no setting was run', () => {
    assert.deepEqual(analyze([]).tuning, []);
  });
});

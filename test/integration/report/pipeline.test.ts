import { strict as assert } from 'node:assert';
import type { CellResult, SweepResult } from '../../../contracts/results';
import type { StageResult } from '../../../contracts/stage';
import { planEvidence, renderReport, reportCharts, type ReportInput } from '../../../report';
import { sweepFixture } from '../../support/report/sweep-fixture';

/** A stage like another one, under its own key. */
const again = (stage: StageResult, title: string, changes: Partial<StageResult> = {}): StageResult => ({
  ...stage,
  ...changes,
  key: `${stage.key.slice(0, -1)}${stage.key.endsWith('0') ? '1' : '0'}`,
  title,
});

const ofKind = ({ stages }: CellResult, kind: string): StageResult =>
  stages.find((stage) => stage.kind === kind)!;

/** Two rounds of DPO with fresh pairs; a validation score decides about the second one. */
function iterated(cell: CellResult): CellResult {
  if (cell.cell.pairRows === 0) return cell;
  const [pairs, dpo, final] = ['synthesizeData', 'trainPreference', 'evaluate'].map((kind) =>
    ofKind(cell, kind),
  ) as [StageResult, StageResult, StageResult];
  const metrics = { items: 40, score: 0.625, scoreLow: 0.5, scoreHigh: 0.75 };
  const decisive = again(final, `validation: ${final.title}`, { metrics });
  const second = [again(pairs, `fresh: ${pairs.title}`), again(dpo, dpo.title)];
  const stages = [...cell.stages.filter((stage) => stage !== final), decisive, ...second, final];
  // What the plan did not know is compared by its key.
  return { ...cell, stages, unplanned: second as never };
}

function iteratedReport(): ReportInput {
  const input = sweepFixture({ budgets: [64], fractions: [1, 0.5, 0], items: 40 });
  const definition = { ...input.definition, pipeline: { module: 'rounds.ts', export: 'rounds' } };
  const result: SweepResult = { ...input.result, cells: input.result.cells.map(iterated) };
  const [{ rows } = { rows: [] }] = input.training.filter(({ learnsFrom }) => learnsFrom === 'pairs');
  const training = planEvidence(result, input.analysis).training.map((stage) => ({ ...stage, rows }));
  return { ...input, definition, result, training };
}

interface Named {
  readonly scale: { readonly range: readonly unknown[] };
}

describe('the report of a pipeline with two rounds', function () {
  this.timeout(60_000);
  const input = iteratedReport();
  let text = '';
  before(async () => {
    text = (await renderReport(input)).replace(/\s+/g, ' ');
  });

  it('charts every round of every cell under its own name', () => {
    const rounds = input.training.filter(({ learnsFrom }) => learnsFrom === 'pairs');
    assert.equal(rounds.length, 4);
    assert.equal(new Set(rounds.map(({ name }) => name)).size, 4);
    assert.ok(rounds.some(({ name }) => /^SFT share 0\.5: Tuning on 32 pairs .* \(2\)$/.test(name)));
    const loss = reportCharts(input).find(({ name }) => name === 'preference-loss');
    for (const { name } of rounds) assert.ok(loss?.description.includes(name), name);
  });

  it('draws the rounds of a cell in one colour, each with its own dash', () => {
    const loss = reportCharts(input).find(({ name }) => name === 'preference-loss')!;
    const { layer } = loss.spec('wide') as unknown as { layer: { encoding: Record<string, Named> }[] };
    const drawn = layer.map(({ encoding }) => encoding).find(({ strokeDash }) => strokeDash !== undefined)!;
    const [colours = [], dashes = []] = ['color', 'strokeDash'].map((name) => drawn[name]!.scale.range);
    assert.deepEqual([colours[0], colours[2]], [colours[1], colours[3]]);
    assert.notDeepEqual(dashes[0], dashes[1]);
  });

  it('lists the evaluations that do not score a cell, and all stages of a cell', () => {
    assert.match(text, /Other evaluations of the pipeline.*?validation: Evaluation of b64-r0\.5-s0/);
    assert.match(text, /0\.625<\/td>\s*<td class="">0\.500 to 0\.750/);
    assert.match(text, /Stages of every cell.*?A star marks stages that a result decided about/);
    assert.match(text, /→ fresh: Pairs of b64-r0\.5-s0 \* →/);
  });

  it('names each set of pairs of a cell', () => {
    for (const title of ['Pairs of b64-r0.5-s0', 'fresh: Pairs of b64-r0.5-s0'])
      assert.ok(text.includes(`<td class="">${title}</td>`), title);
  });

  it('leaves both tables out for the built-in pipeline', async () => {
    const plain = await renderReport(sweepFixture({ budgets: [64], fractions: [1, 0.5], items: 40 }));
    assert.doesNotMatch(plain, /Other evaluations of the pipeline|Stages of every cell/);
  });
});

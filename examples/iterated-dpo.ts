import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
import { type Pairs, type Pipeline, warmStart } from 'budgetline/workflows';

/** The rounds divide the pairs that the budget buys: 10 pairs in 3 rounds are 3, 3 and 4. */
const share = (rows: number, round: number, rounds: number): number =>
  Math.floor((rows * round) / rounds) - Math.floor((rows * (round - 1)) / rounds);

/** SFT, then DPO in rounds. Each round samples its pairs from the model so far, on prompts that no round had before. */
const inRounds =
  (rounds: number): Pipeline =>
  async (stages, cell) => {
    let reference = await warmStart(stages, cell);
    let after: Pairs | undefined;
    for (let round = 1; round <= rounds; round++) {
      const rows = share(cell.pairRows, round, rounds);
      const data = await stages.synthesizeData({ rows, reference, after, name: `round ${round}` });
      const adapter = await stages.trainPreference({ reference, data, name: `round ${round}` });
      reference = await stages.freezeReference({ adapter });
      after = data;
    }
    return stages.evaluate({ reference });
  };

export const oneRound = inRounds(1);
export const threeRounds = inRounds(3);

export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'iterated-dpo',
  annotator: 'majority-error',
  budgets: [256, 1024],
  sftFractions: [0.5, 0.25],
  axes: { rounds: { one: { pipeline: oneRound }, three: { pipeline: threeRounds } } },
  controls: [],
});

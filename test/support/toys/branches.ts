import type { Pipeline, PipelineCell, PlannedStage, Stages } from 'budgetline/workflows';
import { failing } from './failing';

const base = (stages: Stages): Promise<PlannedStage<'model'>> => stages.freezeReference({ adapter: null });

async function scored(stages: Stages, rows: number): Promise<PlannedStage<'scores'>> {
  const adapter = await stages.trainSft({ data: await stages.synthesizeData({ rows }) });
  return stages.evaluate({ reference: await stages.freezeReference({ adapter }) });
}

const seen = new WeakSet<PipelineCell>();
/** Whether a cell's pipeline is called for the first time: planned, and not run. */
function isFirst(cell: PipelineCell): boolean {
  const first = !seen.has(cell);
  seen.add(cell);
  return first;
}

/** Another one in each process and workflow that loads the module. */
const luck = Math.random();

/** Pipelines by the label of the axis "branch". */
const branches: Readonly<Record<string, Pipeline>> = {
  /** Trains on half of the rows as well, where all of them score below 2, which is always. */
  async score(stages, { sftRows }) {
    const all = await scored(stages, sftRows);
    const { score } = await stages.metrics(all);
    return score < 2 ? scored(stages, sftRows / 2) : all;
  },

  async together(stages, { sftRows }) {
    const data = await Promise.all([sftRows, sftRows / 2].map((rows) => stages.synthesizeData({ rows })));
    const [adapter] = await Promise.all(data.map((rows) => stages.trainSft({ data: rows })));
    return stages.evaluate({ reference: await stages.freezeReference({ adapter: adapter! }) });
  },

  other: (stages, cell) => scored(stages, isFirst(cell) ? cell.sftRows : cell.sftRows / 2),

  async lucky(stages, { sftRows }) {
    const data = await stages.synthesizeData({ rows: sftRows });
    const adapter = await stages.trainSft({ data, learningRate: luck });
    return stages.evaluate({ reference: await stages.freezeReference({ adapter }) });
  },

  async fewer(stages, cell) {
    const reference = await base(stages);
    if (isFirst(cell)) await stages.synthesizeData({ rows: cell.sftRows });
    return stages.evaluate({ reference });
  },

  async sibling(stages, { pairRows }) {
    const reference = await base(stages);
    const tune = async (): Promise<PlannedStage<'adapter'>> => {
      const data = await stages.synthesizeData({ rows: pairRows, reference });
      return stages.trainPreference({ reference, data });
    };
    const [adapter] = await Promise.all([tune(), stages.run(failing, { reference })]);
    return stages.evaluate({ reference, adapter });
  },

  async caught(stages, { pairRows }) {
    const reference = await base(stages);
    const data = await stages.synthesizeData({ rows: pairRows - 1, reference });
    try {
      await stages.run(failing, { reference });
    } catch {
      const adapter = await stages.trainPreference({ reference, data });
      return stages.evaluate({ reference, adapter });
    }
    return stages.evaluate({ reference });
  },

  /** The failing stage ends while the pipeline awaits another one. */
  async late(stages, { sftRows }) {
    const reference = await base(stages);
    const failed = stages.run(failing, { reference });
    const evaluation = await scored(stages, sftRows);
    await failed;
    return evaluation;
  },

  /** Awaits a branch later than it fails. */
  async helper(stages, { sftRows }) {
    const reference = await base(stages);
    const branch = (async () => {
      await stages.run(failing, { reference });
    })();
    const evaluation = await scored(stages, sftRows);
    await branch;
    return evaluation;
  },

  /** Never awaits a branch that fails. */
  async floating(stages, { sftRows }) {
    const reference = await base(stages);
    void stages.run(failing, { reference }).then(() => sftRows);
    return scored(stages, sftRows);
  },

  /** Calls a stage that fails again. */
  async retry(stages, { sftRows }) {
    const reference = await base(stages);
    for (let attempt = 1; ; attempt += 1)
      try {
        await stages.run(failing, { reference });
        return await scored(stages, sftRows);
      } catch {
        if (attempt === 3) return stages.evaluate({ reference });
      }
  },

  /** Returns while a branch, which it does not await, has a stage to call. */
  async left(stages, { sftRows }) {
    const reference = await base(stages);
    const evaluation = await stages.evaluate({ reference });
    void scored(stages, sftRows);
    return evaluation;
  },
};

/** Has one of several forms. */
export const branching: Pipeline = (stages, cell) => branches[cell.axes['branch']!]!(stages, cell);

import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeRandomModel } from '../../../bench/gpu/model';
import type { PlannedStage } from '../../../contracts/stage';
import { isMissing } from '../../../host/fs-errors';
import { scratchFolder } from '../../../host/home';
import { planGrid } from '../../../planning';
import type { SweepInput } from '../../../definitions';
import { gradeSchoolMath, gradeSchoolMathDefaults } from '../../../tasks';
import { createBench, type StageBench } from '../../support/stage-bench';
import { resolveTinySweep } from '../../support/sweep-bench';
import { temporaryFolder } from '../../support/temporary';

/**
 * How far an estimate may be from the measured value, either way. The number of answers that are sampled for pairs depends
 * on how many pairs they yield.
 */
const factor = { store: 2, scratch: 1.5, memory: 1.5 } as const;

/** Bytes of the files below a folder. */
function bytesIn(folder: string): number {
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return entries.reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return (
      sum + (entry.isDirectory() ? bytesIn(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0))
    );
  }, 0);
}

/** The same for a folder whose entries are moved and removed meanwhile; 0 if one vanished. */
function bytesNow(folder: string): number {
  try {
    return bytesIn(folder);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

const parts = ['artifacts', 'claims', 'generations', 'ledger'];
const storeBytes = (home: string): number =>
  parts.reduce((sum, part) => sum + bytesIn(join(home, 'store', part)), 0);

const sampledEveryMs = 20;

/** What a stage took: bytes that the store grew by, largest scratch folder, peak memory of its trainers. */
async function measure(bench: StageBench, home: string, stage: PlannedStage) {
  const before = storeBytes(home);
  let scratch = 0;
  const sampling = setInterval(() => {
    scratch = Math.max(scratch, bytesNow(scratchFolder(home, stage.key)));
  }, sampledEveryMs);
  await bench.run(stage).finally(() => clearInterval(sampling));
  const lines = await bench.ledger(stage);
  const memory = Math.max(
    ...lines.map((line) => (line.type === 'attempt-ended' ? (line.peakMemoryBytes ?? 0) : 0)),
  );
  return { store: storeBytes(home) - before, scratch, memory };
}

interface Compared {
  readonly estimate: number;
  readonly measured: number;
}

const assertNear = (what: string, { estimate, measured }: Compared, most: number): void =>
  assert.ok(
    estimate <= most * measured && measured <= most * estimate,
    `${what} ${estimate}, measured ${measured}`,
  );

/** Runs a cell's stages one after the other, and compares each with its plan. */
async function compare(home: string, change: Partial<SweepInput>): Promise<void> {
  const { cells } = await planGrid(await resolveTinySweep({ seeds: [0], ...change }));
  const bench = createBench(home, { deps: { tasks: [gradeSchoolMath] } });
  for (const stage of cells[0]!.stages) {
    const { resources, title } = stage;
    assert.ok(resources, title);
    const measured = await measure(bench, home, stage);
    assertNear(`${title}: store`, { estimate: resources.storeBytes, measured: measured.store }, factor.store);
    // Sampling may miss what a stage moves away at once; checkpoints stay.
    if (stage.optimiserSteps !== null)
      assertNear(
        `${title}: scratch`,
        { estimate: resources.scratchBytes, measured: measured.scratch },
        factor.scratch,
      );
    const memory = { estimate: resources.memoryBytes ?? Number.NaN, measured: measured.memory };
    if (memory.measured === 0) assert.equal(memory.estimate, 0, title);
    else assertNear(`${title}: memory`, memory, factor.memory);
  }
}

const wide = {
  ...{ vocab_size: 131, hidden_size: 512, intermediate_size: 1376 },
  ...{ num_hidden_layers: 2, num_attention_heads: 8, num_key_value_heads: 4 },
};

describe('the planned disk and memory of stages', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const { sft } = gradeSchoolMathDefaults;

  it('are near the measured ones for every kind, on the embedded model', () =>
    compare(folder.at('embedded'), {
      ...{ budgets: [128], sftFractions: [0.5], evaluation: { items: 100, maxNewTokens: 48 } },
    }));

  it('are near the measured ones on a model of 6 million weights, with LoRA and with all weights trained', async () => {
    const model = folder.at('wide');
    writeRandomModel(model, wide);
    const small = { model, budgets: [32], sftFractions: [1], evaluation: { items: 32, maxNewTokens: 48 } };
    await compare(folder.at('lora'), small);
    await compare(folder.at('full'), { ...small, sft: { ...sft, lora: null, learningRate: 1e-5 } });
  });
});

import type { StageOutput, StageSession } from '../session';
import { policyOf } from '../policy';

/**
 * Merges the input `adapter`, if there is one, into the input `base`. The artifact's digest freezes the
 * result.
 */
export async function freezeReference(session: StageSession): Promise<StageOutput> {
  const base = await session.inputs.open('base');
  const { model, adapter } = policyOf(base, await session.inputs.openOptional('adapter'));
  const job = session.jobBase();
  const { result } = await session.runTrainer({ ...job, command: 'merge', model, adapter, seed: 0 });
  return { dir: job.outputDir, metrics: result.metrics };
}

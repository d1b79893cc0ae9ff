import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cell, cellsOf } from '../../../audit/comparison/cells';
import type { WorkflowHistory } from '../../../audit/history';
import type { CellResult, EvaluationSummary } from '../../../contracts/results';
import type { StageResult } from '../../../contracts/stage';
import { digestOf } from '../../../core/digest';
import { rulesOf } from '../../../stages';
import type { Store } from '../../../store';
import { paidNothing } from '../payments';

const cost = { wallMs: 1, deviceMs: 1, cpuMs: 1, tokens: 1, attempts: 1, verifierCalls: 0 };

interface HandMade {
  readonly title?: string;
  readonly spec?: object;
  readonly inputs?: Readonly<Record<string, StageResult>>;
  /** Contents by file name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly threads?: number;
}

/** Publishes a stage without running it. */
export async function publishStage(
  store: Store,
  kind: string,
  { title = kind, spec: settings, inputs: read = {}, files = {}, metrics = {}, threads = 1 }: HandMade = {},
): Promise<StageResult> {
  const spec = { kind, ...settings };
  const inputs = Object.fromEntries(Object.entries(read).map(([name, { key }]) => [name, key]));
  const inputDigests = Object.fromEntries(Object.entries(read).map(([name, { digest }]) => [name, digest]));
  const key = digestOf({ spec, revision: 1, inputs });
  const makes = rulesOf(kind)?.makes ?? 'rows';
  await mkdir(store.name, { recursive: true });
  const dir = await mkdtemp(join(store.name, 'hand-made-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const how = { device: 'cpu', threads, trainer: 't', microBatches: [], warnings: [], cost };
  const made = {
    at: new Date().toISOString(),
    host: 'h',
    experimentId: 'e',
    fence: 1,
    paid: paidNothing,
    ...how,
  };
  const manifest = { makes, revision: 1, title, spec, inputs, inputDigests, metrics, made };
  const { manifest: published } = await store.publish(
    { id: { kind, key }, dir, manifest },
    { check: () => Promise.resolve() },
  );
  return {
    key,
    kind,
    makes,
    title,
    digest: published.digest,
    cached: false,
    ledgerHead: null,
    metrics,
    cost,
    usd: 0,
  };
}

const rewards = (chosen: number): string =>
  `${JSON.stringify({ step: 1, values: { loss: 1, 'rewards/chosen': chosen } })}\n`;

const summaryOf = ({ key, digest }: StageResult, score: number): EvaluationSummary => ({
  ...{ key, digest, score, metric: 'accuracy', items: 4, wellFormedRate: 1, truncatedRate: 0 },
  ...{ noEosRate: 0, meanTokens: 8, repetitionRate: 0, scores: {} },
});

/**
 * A cell of a pipeline with two rounds of DPO. The second round is trained with two settings of beta; the larger one has the
 * better validation score, and its model scores the cell. Chosen rewards at the end: 1 in the first round, then −2 and −3.
 */
export async function publishTwoRounds(store: Store): Promise<CellResult> {
  await store.prepare();
  const dpo = (title: string, beta: number, reward: number, inputs: HandMade['inputs']) =>
    publishStage(store, 'trainPreference', {
      title,
      spec: { loss: { name: 'sigmoid', beta } },
      inputs,
      files: { 'metrics.jsonl': rewards(reward) },
      metrics: { loss: beta },
    });
  const base = await publishStage(store, 'freezeReference', { title: 'Reference: the base model' });
  const pairs = await publishStage(store, 'synthesizeData', {
    title: '8 preference pairs',
    inputs: { reference: base },
  });
  const first = await dpo('DPO on 8 pairs', 0.1, 1, { reference: base, data: pairs });
  const reference = await publishStage(store, 'freezeReference', {
    title: 'Reference after DPO on 8 pairs',
    inputs: { base, adapter: first },
  });
  const fresh = await publishStage(store, 'synthesizeData', {
    title: 'fresh: 8 preference pairs',
    inputs: { reference },
  });
  const small = await dpo('beta 0.1: DPO on 8 pairs', 0.1, -2, { reference, data: fresh });
  const large = await dpo('beta 0.5: DPO on 8 pairs', 0.5, -3, { reference, data: fresh });
  const evaluate = (title: string, adapter: StageResult, score: number) =>
    publishStage(store, 'evaluate', {
      title,
      spec: { title },
      inputs: { reference, adapter },
      metrics: { score },
    });
  const validations = [
    await evaluate('validation of beta 0.1', small, 0.25),
    await evaluate('validation of beta 0.5', large, 0.5),
  ];
  const final = await evaluate('Evaluation on 4 items', large, 0.75);
  const place = { id: 'e-b16-r0-s0', task: 't', model: 'm', annotator: 'a', budget: 16, sftFraction: 0 };
  return {
    cell: { ...place, seed: 0, sftRows: 0, pairRows: 16 },
    evaluation: summaryOf(final, 0.75),
    stages: [base, pairs, first, reference, fresh, small, large, ...validations, final],
    annotationUsd: 0,
  };
}

const times = { startedAt: '2026-01-01T00:00:00Z', lastAt: '2026-01-01T00:01:00Z' };

/** A cell's result as the audit reads it from a history. */
export const readCell = (result: object): Cell =>
  cellsOf([{ ...times, result, sealedWith: [] } as unknown as WorkflowHistory])[0]!;

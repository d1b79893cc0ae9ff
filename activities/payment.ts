import { boughtUsd, buyLabels, buyRows, nestedRowsOf, paymentsIn } from '../audit';
import { listPricesOf } from '../planning';
import type { Payment } from '../schemas/ledger';
import type { StageSession } from './session';
import { billsOf } from './usage';

/** Whether a model behind an endpoint was paid for the stage, also in an earlier attempt. */
export const isBilled = async ({ usage, ledger }: StageSession): Promise<boolean> =>
  usage.annotation !== null || billsOf(await ledger.read()).length > 0;

/** Buys the stage's rows at list price. A bill takes its place. Labelled pairs are bought by their labels. */
export async function buyStageRows(session: StageSession): Promise<void> {
  const { environment, stage, request, claim } = session;
  if (stage.rows?.labels !== undefined || (await isBilled(session))) return;
  const { rowUsd } = listPricesOf(stage, request.prices);
  await claim.check();
  await buyRows(environment.store, { stage, experimentId: request.experimentId, rowUsd });
}

/**
 * Buys the stage's labels so far at list price. A bill takes its place.
 *
 * @param upTo number of labels, also those that earlier attempts bought
 */
export async function buyStageLabels(session: StageSession, upTo: number): Promise<void> {
  const { environment, stage, request, claim } = session;
  const { labels } = stage.rows ?? {};
  if (labels === undefined || (await isBilled(session))) return;
  const { perItem, usd: labelUsd } = labels;
  const { experimentId } = request;
  await claim.check();
  const { fence } = claim;
  await buyLabels(environment.store, { stage, experimentId, fence, upTo, perItem, labelUsd });
}

/**
 * What the attempt has paid until now. Rows and labels that a lost attempt of the stage bought are in it: no line of the
 * stage's chain has them yet.
 */
export async function paymentOf(session: StageSession): Promise<Payment> {
  const { environment, stage, request, usage } = session;
  const { callUsd } = listPricesOf(stage, request.prices);
  const nested = nestedRowsOf(stage);
  const bought = nested === null ? 0 : await boughtUsd(environment.store, nested.nest, stage.key);
  const recorded = paymentsIn(await session.ledger.read()).reduce((sum, { rowsUsd }) => sum + rowsUsd, 0);
  const rowsUsd = bought - recorded;
  const { newVerifierCalls: verifierCalls, newUnscored: unscored, annotation, annotationByFolder } = usage;
  const usd = rowsUsd + (verifierCalls + unscored) * callUsd + (annotation?.usd ?? 0);
  return { usd, rowsUsd, verifierCalls, unscored, callUsd, annotation, annotationByFolder };
}

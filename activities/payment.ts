import { boughtUsd, buyRows, nestedRowsOf, paymentsIn } from '../audit';
import { listPricesOf } from '../planning';
import type { Payment } from '../schemas/ledger';
import type { StageSession } from './session';
import { billsOf } from './usage';

/** Buys the stage's rows at list price. Rows of a model behind an endpoint are on its bill, also on that of an earlier attempt. */
export async function buyStageRows(session: StageSession): Promise<void> {
  const { environment, stage, request, usage, claim } = session;
  if (usage.annotation !== null || billsOf(await session.ledger.read()).length > 0) return;
  const { rowUsd } = listPricesOf(stage, request.prices);
  await claim.check();
  await buyRows(environment.store, { stage, experimentId: request.experimentId, rowUsd });
}

/**
 * What the attempt has paid until now. Rows that a lost attempt of the stage bought are in it: no line of the stage's
 * chain has them yet.
 */
export async function paymentOf(session: StageSession): Promise<Payment> {
  const { environment, stage, request, usage } = session;
  const { callUsd } = listPricesOf(stage, request.prices);
  const nested = nestedRowsOf(stage);
  const bought = nested === null ? 0 : await boughtUsd(environment.store, nested.nest, stage.key);
  const recorded = paymentsIn(await session.ledger.read()).reduce((sum, { rowsUsd }) => sum + rowsUsd, 0);
  const rowsUsd = bought - recorded;
  const { newVerifierCalls: verifierCalls, annotation, annotationByFolder } = usage;
  const usd = rowsUsd + verifierCalls * callUsd + (annotation?.usd ?? 0);
  return { usd, rowsUsd, verifierCalls, callUsd, annotation, annotationByFolder };
}

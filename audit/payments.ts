import { payment, type LedgerLine, type LineOf, type Payment } from '../schemas/ledger';

/** What one attempt paid, and the attempt. */
export type AttemptPayment = Payment &
  Pick<LineOf<'attempt-started'>, 'fence' | 'runId' | 'activity' | 'experimentId'>;

const names = Object.keys(payment.shape) as (keyof Payment)[];

const paymentOf = (line: Payment): Payment =>
  Object.fromEntries(names.map((name) => [name, line[name]])) as Payment;

/** What the attempts of a stage paid. One that was lost is included if its artifact records it. */
export function paymentsIn(lines: readonly LedgerLine[]): AttemptPayment[] {
  const starts = new Map(
    lines.flatMap((line) => (line.type === 'attempt-started' ? [[line.fence, line]] : [])),
  );
  return lines.flatMap((line) => {
    const paid = line.type === 'attempt-ended' ? line : line.type === 'attempt-lost' ? line.paid : null;
    const start = 'fence' in line ? starts.get(line.fence) : undefined;
    if (paid === null || start === undefined) return [];
    const { fence, runId, activity, experimentId } = start;
    return [{ fence, runId, activity, experimentId, ...paymentOf(paid) }];
  });
}

/** One request for a stage: an activity of a workflow run. */
export type ActivityRef = Pick<LineOf<'attempt-started'>, 'runId' | 'activity'>;

/** Payments of one request. A run may request a failed stage again; each request pays for itself. */
export const paymentsFor = (
  lines: readonly LedgerLine[],
  { runId, activity }: ActivityRef,
): AttemptPayment[] => paymentsIn(lines).filter((paid) => paid.runId === runId && paid.activity === activity);

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { nameUsd } from '../../core/money';
import { paidUsd, type StageKey, type StageSpec } from '../../contracts/stage';
import type { Finding } from '../../schemas/audit';
import type { LedgerLine } from '../../schemas/ledger';
import { type ListPrices, type Span, usdTolerance } from '../../planning';
import { readAnchor } from '../anchor';
import { sampledSpecOf } from '../../stages';
import { type AttemptPayment, paymentsIn } from '../payments';
import {
  type LabelsSoFar,
  type NestPurchase,
  nestsIn,
  purchasesIn,
  unboughtLabels,
  unboughtRows,
} from '../row-purchases';
import { readHistories, type ReadHistory } from '../run-records';
import { requestsByStage, type StageRequest, unfinishedStages } from '../stage-requests';
import { runsOf } from '../timeline-totals';
import { finding, type CheckResult, type Subject } from './subject';

const differ = (a: number, b: number): boolean => Math.abs(a - b) > usdTolerance;

/** A stage's chain, its nests' purchases, and the run's last request for it. */
interface PaidStage {
  readonly key: StageKey;
  readonly where: string;
  readonly lines: readonly LedgerLine[];
  readonly payments: readonly AttemptPayment[];
  readonly request: StageRequest | undefined;
}

async function readStages(subject: Subject, histories: readonly ReadHistory[]): Promise<PaidStage[]> {
  const experiment = await subject.experiment();
  const requests = requestsByStage(histories);
  const keys = [...(await subject.records()), ...unfinishedStages(experiment, requests)].map(
    ({ stage }) => stage,
  );
  const read = [...new Set(keys)].map(async (key) => {
    const lines = await subject.stage(key);
    const request = requests.get(key)?.at(-1);
    return { key, where: subject.nameOf({ stage: key }), lines, payments: paymentsIn(lines), request };
  });
  return Promise.all(read);
}

/** Each payment is the sum of its parts. Those of this run have the prices of the request. */
function checkPayments({ experimentId }: Subject, { where, payments, request }: PaidStage): Finding[] {
  return payments.flatMap((payment) => {
    const { usd, rowsUsd, verifierCalls, unscored, callUsd, annotation, annotationByFolder, fence } = payment;
    const report = (what: string): Finding[] => [
      finding('payment-contradiction', where, `the attempt of fence ${fence} ${what}`),
    ];
    const [bill, folders] = [annotation?.usd ?? 0, paidUsd(Object.values(annotationByFolder ?? {}))];
    if (differ(bill, folders))
      return report(`has a bill of ${nameUsd(bill)}, and ${nameUsd(folders)} by folder`);
    const sum = rowsUsd + (verifierCalls + unscored) * callUsd + bill;
    if (differ(usd, sum)) return report(`paid ${nameUsd(usd)}, but its parts are ${nameUsd(sum)}`);
    const expected = request?.listPrices?.callUsd;
    if (payment.experimentId !== experimentId || expected === undefined || !differ(callUsd, expected))
      return [];
    return report(
      `paid ${nameUsd(callUsd)} a sample or verifier call; the run’s price is ${nameUsd(expected)}`,
    );
  });
}

/** Whether the last attempt left no payment: what it bought is recorded by the next one. */
function isOpen({ lines, payments }: PaidStage): boolean {
  const last = lines.findLast((line) => line.type === 'attempt-started');
  return !payments.some(({ fence }) => fence === last?.fence);
}

/** The labels of a published set of labelled pairs; undefined for other stages. */
async function labelsOf(subject: Subject, key: StageKey): Promise<LabelsSoFar | undefined> {
  const { manifest } = (await subject.artifact(key)) ?? {};
  const spec = manifest && sampledSpecOf({ kind: manifest.kind, spec: manifest.spec as StageSpec });
  if (spec?.what !== 'labelled-pairs') return undefined;
  return { upTo: manifest?.metrics['labels'] ?? 0, perItem: spec.pairs.labels };
}

/** What a published stage uses and nobody bought: "3 of its labels"; undefined: nothing. */
async function unboughtBy(
  subject: Subject,
  { key, lines, payments }: PaidStage,
  { rows, purchases }: { readonly rows: Span; readonly purchases: readonly NestPurchase[] },
): Promise<string | undefined> {
  const isPublished = lines.some((line) => line.type === 'attempt-ended' && line.artifact !== null);
  const isBilled = payments.some(({ annotation }) => annotation !== null);
  if (!isPublished || isBilled) return undefined;
  const labels = await labelsOf(subject, key);
  const [missing, what] =
    labels === undefined
      ? [unboughtRows(rows, purchases), 'rows']
      : [unboughtLabels(labels, purchases), 'labels'];
  return missing === 0 ? undefined : `${missing} of its ${what}`;
}

/** What a stage's attempts paid for rows and labels is what it bought in its nest, and the nest has all of them. */
async function checkRows(subject: Subject, stage: PaidStage): Promise<Finding[]> {
  const { key, where, lines, payments } = stage;
  const rows = lines.findLast((line) => line.type === 'attempt-started')?.rows ?? null;
  if (rows === null) return [];
  const purchases = purchasesIn(await subject.nest(rows.nest));
  const bought = paidUsd(purchases.filter((line) => line.stage === key));
  const recorded = payments.reduce((sum, { rowsUsd }) => sum + rowsUsd, 0);
  const words = `its attempts paid ${nameUsd(recorded)} for rows, and it bought rows for ${nameUsd(bought)}`;
  if (differ(bought, recorded)) {
    if (recorded > bought) return [finding('purchase-missing', where, words)];
    return isOpen(stage) ? [] : [finding('payment-contradiction', where, words)];
  }
  const unbought = await unboughtBy(subject, stage, { rows, purchases });
  return unbought === undefined ? [] : [finding('purchase-missing', where, `nobody bought ${unbought}`)];
}

/** A purchase of rows or labels: how many, how many it could buy, and the list price of one. */
function unitsOf(
  line: NestPurchase,
  before: readonly NestPurchase[],
  { rowUsd, labelUsd }: Partial<ListPrices>,
): { what: string; bought: number; missing: number; eachUsd: number } {
  if (line.type === 'rows-bought') {
    const missing = unboughtRows(line, before);
    return { what: 'rows', bought: line.rows, missing, eachUsd: rowUsd ?? line.rowUsd };
  }
  const missing = unboughtLabels(line, before);
  return { what: 'labels', bought: line.labels, missing, eachUsd: labelUsd ?? line.labelUsd };
}

/** Every row and label of a nest was bought once, at the price of its line, and at this run's price by this run. */
async function checkNest(subject: Subject, nest: string, stages: readonly PaidStage[]): Promise<Finding[]> {
  const prices = new Map(stages.map(({ key, request }) => [key, request?.listPrices]));
  const purchases = purchasesIn(await subject.nest(nest));
  return purchases.flatMap((line, at) => {
    const where = `${subject.nameOf({ nest })}:${line.sequence + 1}`;
    const isOwn = line.experimentId === subject.experimentId;
    const own = isOwn ? (prices.get(line.stage) ?? {}) : {};
    const { what, bought, missing, eachUsd } = unitsOf(line, purchases.slice(0, at), own);
    if (bought > missing)
      return [
        finding('rows-bought-twice', where, `${bought} ${what} were bought, and ${missing} of them are new`),
      ];
    if (bought < missing)
      return [
        finding(
          'purchase-missing',
          where,
          `${bought} ${what} were bought, and ${missing} were not bought before`,
        ),
      ];
    const { usd } = line;
    const listUsd = missing * eachUsd;
    if (!differ(usd, listUsd)) return [];
    const text = `${missing} ${what} at ${nameUsd(eachUsd)} are ${nameUsd(listUsd)}, and ${nameUsd(usd)} was paid`;
    return [finding('payment-contradiction', where, text)];
  });
}

const paidStages = z.array(
  z.looseObject({ stages: z.array(z.looseObject({ key: z.string(), usd: z.number() })) }),
);
const recorded = z.looseObject({
  result: z.looseObject({
    spend: z.looseObject({ usd: z.number(), unsettledUsd: z.number().default(0) }),
    baseStages: z.array(z.looseObject({ key: z.string(), usd: z.number() })),
    cells: paidStages,
    controls: paidStages,
    failedControls: paidStages,
    tests: paidStages,
    anchor: z.looseObject({ head: z.string() }).optional(),
  }),
});

/**
 * The runs that a result is from. Its head is the last line of their exported histories; later runs extend the chain behind
 * it. Undefined: the head belongs to another line.
 */
function runsOfResult(
  lines: readonly LedgerLine[],
  histories: readonly ReadHistory[],
  head: string | undefined,
): ReadonlySet<string> | undefined {
  const behind = lines.findIndex(({ previous }) => previous === head);
  const before = lines.slice(0, behind);
  const exported = before.slice(before.findLastIndex(({ type }) => type !== 'history-exported') + 1);
  const ids = exported.flatMap((line) => (line.type === 'history-exported' ? [line.runId] : []));
  if (behind === -1 || ids.length === 0) return undefined;
  return new Set(ids.flatMap((runId) => [...runsOf(runId, histories)]));
}

/** The sweep's spend in result.json is what the attempts of its run paid, in all and for each stage. */
async function checkSpend(
  subject: Subject,
  stages: readonly PaidStage[],
  histories: readonly ReadHistory[],
): Promise<Finding[]> {
  const { path, name: where } = subject.resultFile;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const anchor = await readAnchor(subject.store, subject.experimentId);
  if (text === undefined || anchor === undefined || anchor === 'invalid') return [];
  const report = (what: string): Finding[] => [finding('spend-contradiction', where, what)];
  const parsed = recorded.safeParse(JSON.parse(text));
  if (!parsed.success) return report('it does not have what each stage paid');
  const { spend, baseStages, cells, controls, failedControls, tests, anchor: own } = parsed.data.result;
  const isLast = own === undefined || own.head === anchor.head;
  const runs = isLast
    ? runsOf(anchor.runId, histories)
    : runsOfResult(await subject.experiment(), histories, own.head);
  if (runs === undefined) return report('its anchor is not the head of a finished run');
  const paid = stages.map(({ key, payments }) => {
    const usd = paidUsd(payments.filter(({ runId }) => runs.has(runId)));
    return [key, usd] as const;
  });
  const ledgerUsd = paid.reduce((sum, [, usd]) => sum + usd, 0);
  const { usd, unsettledUsd } = spend;
  if (ledgerUsd < usd - usdTolerance || ledgerUsd > usd + unsettledUsd + usdTolerance)
    return report(`the sweep paid ${nameUsd(usd)}; its attempts paid ${nameUsd(ledgerUsd)}`);
  const results = [
    ...baseStages,
    ...[...cells, ...controls, ...failedControls, ...tests].flatMap((each) => each.stages),
  ];
  const inLedger = new Map(paid);
  const more = [...new Set(results.map(({ key }) => key))].find((key) => {
    const inResult = paidUsd(results.filter((result) => result.key === key));
    return inResult > (inLedger.get(key) ?? 0) + usdTolerance;
  });
  return more === undefined ? [] : report(`it has more for stage ${more} than its attempts paid`);
}

/** All money agrees: attempts with purchases, calls and bills; purchases with each other; the result with the attempts. */
export async function checkMoney(subject: Subject): Promise<CheckResult> {
  const sealed = await subject.sealedBy();
  if (sealed !== undefined) return { skipped: sealed };
  const histories = await readHistories(subject.store, await subject.experiment());
  const stages = await readStages(subject, histories);
  const nests = [...new Set(stages.flatMap(({ lines }) => nestsIn(lines)))];
  const found = [
    ...stages.flatMap((stage) => checkPayments(subject, stage)),
    ...(await Promise.all(nests.map((nest) => checkNest(subject, nest, stages)))).flat(),
    ...(await Promise.all(stages.map((stage) => checkRows(subject, stage)))).flat(),
    ...(await checkSpend(subject, stages, histories)),
  ];
  const own = stages.flatMap(({ payments }) =>
    payments.filter((one) => one.experimentId === subject.experimentId),
  );
  const checked = `${nameUsd(paidUsd(own))} that ${own.length} attempts paid, and the purchases of ${nests.length} sets of rows`;
  return { checked, findings: found };
}

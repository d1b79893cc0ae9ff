import type { AnchorFile, Finding } from '../../schemas/audit';
import { BudgetlineError } from '../../core/failures';
import type { LedgerLine, LineOf } from '../../schemas/ledger';
import { isName } from '../../core/names';
import type { Chain, ChainId } from '../../store';
import { readAnchor } from '../anchor';
import { nestsIn } from '../row-purchases';
import { openingOf } from '../run-records';
import { isSignedBy } from '../signing';
import { finding, type CheckResult, type Subject } from './subject';

async function readOrReport(subject: Subject, id: ChainId): Promise<LedgerLine[] | Finding> {
  try {
    return await ('stage' in id
      ? subject.stage(id.stage)
      : 'nest' in id
        ? subject.nest(id.nest)
        : subject.experiment());
  } catch (error) {
    if (!(error instanceof BudgetlineError) || error.code !== 'LEDGER_CORRUPT') throw error;
    const where = `${subject.nameOf(id)}:${String(error.details['line'])}`;
    return finding('chain-broken', where, subject.messageOf(error));
  }
}

function checkOpening({ experimentId }: Subject, lines: readonly LedgerLine[], path: string): Finding[] {
  if (lines.length === 0) return [finding('chain-missing', path, 'the experiment has no chain')];
  if (openingOf(lines)?.experimentId === experimentId) return [];
  return [finding('chain-foreign', `${path}:1`, `the chain does not begin with "${experimentId}"`)];
}

async function checkStageChain(subject: Subject, record: LineOf<'stage-recorded'>): Promise<Finding[]> {
  const id = { stage: record.stage };
  const path = subject.nameOf(id);
  const lines = await readOrReport(subject, id);
  if ('code' in lines) return [lines];
  if (lines.length === 0 && record.stageHead !== null)
    return [finding('chain-missing', path, 'the stage has no chain')];
  if (!isName(record.kind))
    return [finding('chain-foreign', path, `"${record.kind}" is not a name of a stage kind`)];
  const foreign = lines.findIndex((line) => 'stage' in line && line.stage !== record.stage);
  return foreign < 0
    ? []
    : [finding('chain-foreign', `${path}:${foreign + 1}`, 'the line belongs to another stage')];
}

async function checkNestChain(subject: Subject, nest: string): Promise<Finding[]> {
  const lines = await readOrReport(subject, { nest });
  if ('code' in lines) return [lines];
  const foreign = lines.findIndex(
    (line) => line.type !== 'line-healed' && (!('nest' in line) || line.nest !== nest),
  );
  if (foreign < 0) return [];
  return [
    finding('chain-foreign', `${subject.nameOf({ nest })}:${foreign + 1}`, 'the line belongs to other rows'),
  ];
}

/** Every chain is complete and belongs to its experiment, its stage or its nest of rows. */
export async function checkChains(subject: Subject): Promise<CheckResult> {
  const path = subject.nameOf(subject.chainId);
  const lines = await readOrReport(subject, subject.chainId);
  if ('code' in lines) return { checked: '', findings: [lines] };
  const opening = checkOpening(subject, lines, path);
  if (opening.length > 0) return { checked: '', findings: opening };
  const records = await subject.records();
  const found = await Promise.all(records.map((record) => checkStageChain(subject, record)));
  if (found.flat().length > 0) return { checked: '', findings: found.flat() };
  const chains = await Promise.all(records.map(({ stage }) => subject.stage(stage)));
  const nests = [...new Set(chains.flatMap(nestsIn))];
  const ofNests = await Promise.all(nests.map((nest) => checkNestChain(subject, nest)));
  const checked = `${lines.length} lines of the experiment, and the chains of ${records.length} stages and ${nests.length} sets of rows`;
  return { checked, findings: ofNests.flat() };
}

/** Heads of a chain after each of its lines, from `previous` of the next line; after the last line, from the store. */
async function headsOf(chain: Chain, lines: readonly LedgerLine[]): Promise<(string | null)[]> {
  const last = await chain.head();
  return lines.map((_, index) => lines[index + 1]?.previous ?? last);
}

function checkSignature({ options, experimentId }: Subject, anchor: AnchorFile, where: string): Finding[] {
  const { trustedKeys = [] } = options;
  const { signature } = anchor;
  if (signature === undefined)
    return trustedKeys.length === 0 ? [] : [finding('signature-missing', where, 'the head has no signature')];
  const { head, lines } = anchor;
  if (!isSignedBy(experimentId, { head, lines }, signature))
    return [finding('signature-invalid', where, `the key is ${signature.publicKey}`)];
  if (trustedKeys.length === 0 || trustedKeys.includes(signature.publicKey)) return [];
  return [finding('signature-untrusted', where, `the key is ${signature.publicKey}`)];
}

/** The anchored head is in the chain, at its position, and signed by a trusted key if one is given. */
export async function checkAnchor(subject: Subject): Promise<CheckResult> {
  const { store, experimentId, options } = subject;
  const where = subject.nameOf({ anchor: experimentId });
  const anchor = await readAnchor(store, experimentId);
  if (anchor === undefined)
    return { checked: '', findings: [finding('anchor-missing', where, 'the file is missing')] };
  if (anchor === 'invalid' || anchor.experimentId !== experimentId)
    return {
      checked: '',
      findings: [finding('anchor-invalid', where, `it is not an anchor of ${experimentId}`)],
    };
  const run = (await subject.exported()).find(({ runId }) => runId === anchor.runId);
  if (run !== undefined && run.workflowId !== anchor.workflowId)
    return {
      checked: '',
      findings: [finding('anchor-invalid', where, `its run ${anchor.runId} is of ${run.workflowId}`)],
    };
  const heads = await headsOf(store.chain(subject.chainId), await subject.experiment());
  if (heads[anchor.lines - 1] !== anchor.head) {
    const what = `after line ${anchor.lines} the chain’s head is ${heads[anchor.lines - 1] ?? 'none'}, but ${anchor.head} was anchored`;
    return { checked: '', findings: [finding('anchor-cut', subject.nameOf(subject.chainId), what)] };
  }
  const later = heads.length - anchor.lines;
  const signed = anchor.signature === undefined ? 'unsigned' : signedText(options.trustedKeys);
  const checked = `head after line ${anchor.lines}, extended by ${later} later lines; ${signed}`;
  return { checked, findings: checkSignature(subject, anchor, where) };
}

function signedText(trustedKeys: readonly string[] = []): string {
  return trustedKeys.length > 0 ? 'signed by a trusted key' : 'signed; no trusted key was given';
}

/** Within a stage's chain, every attempt that ends was started, ends once, and fences grow. */
function contradictions(lines: readonly LedgerLine[], path: string): Finding[] {
  const begun = new Set<number>();
  const ended = new Set<number>();
  let highest = 0;
  return lines.flatMap((line, index) => {
    const report = (what: string): Finding[] => [
      finding('attempt-contradiction', `${path}:${index + 1}`, what),
    ];
    if (line.type === 'attempt-started') {
      if (line.fence <= highest) return report(`fence ${line.fence} comes after ${highest}`);
      highest = line.fence;
      begun.add(line.fence);
      return [];
    }
    if (!('fence' in line)) return [];
    if (!begun.has(line.fence)) return report(`the attempt of fence ${line.fence} was not started`);
    if (ended.has(line.fence)) return report(`the attempt of fence ${line.fence} had already ended`);
    if (line.type === 'attempt-ended' || line.type === 'attempt-lost') ended.add(line.fence);
    return [];
  });
}

async function checkStage(subject: Subject, record: LineOf<'stage-recorded'>): Promise<Finding[]> {
  const id = { stage: record.stage };
  const name = subject.nameOf(id);
  const lines = await subject.stage(record.stage);
  const heads = await headsOf(subject.store.chain(id), lines);
  if (record.stageHead !== null && !heads.includes(record.stageHead))
    return [finding('stage-head', name, `no line has the head ${record.stageHead}`)];
  const found = contradictions(lines, name);
  const published = lines.flatMap((line) =>
    line.type === 'attempt-ended' && line.artifact !== null ? [line] : [],
  );
  const other = published.find(({ artifact }) => artifact !== record.artifact);
  if (other === undefined) return found;
  const what = `an attempt published ${String(other.artifact)}, but ${record.artifact} was recorded`;
  return [...found, finding('attempt-contradiction', `${name}:${other.sequence + 1}`, what)];
}

/** Stage chains have the heads that the experiment recorded, and are consistent. */
export async function checkAttempts(subject: Subject): Promise<CheckResult> {
  const records = await subject.records();
  const found = await Promise.all(records.map((record) => checkStage(subject, record)));
  const chains = await Promise.all(records.map(({ stage }) => subject.stage(stage)));
  const started = chains.flat().filter((line) => line.type === 'attempt-started');
  const own = started.filter(({ experimentId }) => experimentId === subject.experimentId).length;
  const others = started.length === own ? '' : `, and ${started.length - own} by other runs`;
  return { checked: `${own} attempts at ${records.length} stages${others}`, findings: found.flat() };
}

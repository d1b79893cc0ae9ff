import { createHash } from 'node:crypto';
import type { Finding } from '../../schemas/audit';
import type { LineOf } from '../../schemas/ledger';
import { readAnchor } from '../anchor';
import { finding, type CheckResult, type Replayer, type Subject } from './subject';

type Exported = LineOf<'history-exported'>;

/**
 * A bundle's code is untrusted. It is run only if it is the installed code, if a trusted key signed the chain that names
 * it, or if the caller trusts it.
 */
async function isTrusted({ options, store, experimentId }: Subject, digest: string): Promise<boolean> {
  const { installedCode, trustCode = false, trustedKeys = [] } = options;
  if (trustCode || digest === installedCode) return true;
  const anchor = await readAnchor(store, experimentId);
  const key = anchor === undefined || anchor === 'invalid' ? undefined : anchor.signature?.publicKey;
  return key !== undefined && trustedKeys.includes(key);
}

async function checkCode(subject: Subject, digest: string): Promise<Finding[]> {
  const where = subject.nameOf({ code: digest });
  const code = await subject.store.read({ code: digest });
  if (code === undefined) return [finding('code-missing', where, 'the file is missing')];
  const found = createHash('sha256').update(code).digest('hex');
  if (found === digest) return [];
  return [finding('code-changed', where, `its SHA-256 is ${found}`)];
}

async function replayRun(subject: Subject, replay: Replayer, line: Exported): Promise<Finding[]> {
  const { runId, workflowId, codeDigest } = line;
  if (codeDigest === null) return [];
  const complete = await subject.completeHistory(runId);
  const { events } = complete ?? (await subject.history(runId));
  const code = await subject.store.read({ code: codeDigest });
  try {
    await replay({ events, workflowId, code: code?.toString('utf8') ?? '' });
    return [];
  } catch (error) {
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return [finding('history-replay', subject.nameOf({ history: runId }), `${workflowId}: ${what}`)];
  }
}

/** Every history replays with its workflow code. */
export async function checkReplay(subject: Subject): Promise<CheckResult> {
  const exported = await subject.exported();
  const digests = [
    ...new Set(exported.flatMap(({ codeDigest }) => (codeDigest === null ? [] : [codeDigest]))),
  ];
  if (digests.length === 0) return { skipped: 'the histories name no workflow code' };
  const code = (await Promise.all(digests.map((digest) => checkCode(subject, digest)))).flat();
  if (code.length > 0) return { checked: '', findings: code };
  const trusted = await Promise.all(digests.map((digest) => isTrusted(subject, digest)));
  const foreign = digests.find((_, index) => trusted[index] === false);
  if (foreign !== undefined)
    return {
      skipped: `the code ${foreign} is neither installed nor signed by a trusted key; use --trust-code to run it`,
    };
  const { replay } = subject.options;
  if (replay === undefined) return { skipped: 'replay is not available' };
  const sealed = await subject.sealedBy();
  if (sealed !== undefined) return { skipped: sealed };
  const findings: Finding[] = [];
  for (const line of exported) findings.push(...(await replayRun(subject, replay, line)));
  return { checked: `${exported.length} histories with their workflow code`, findings };
}

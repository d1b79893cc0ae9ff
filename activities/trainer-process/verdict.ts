import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BudgetlineError,
  failureOfExitCode,
  failures,
  type FailureCode,
  isFailureCode,
} from '../../core/failures';
import type { EventOf, FileDigest } from '../../schemas/trainer-event';
import type { TrainerJob } from '../../schemas/trainer-job';
import { digestFile } from '../../store';
import type { TrainerExit } from './supervise';
import type { Stall } from './work-watch';

/** A trainer that succeeded, with its verified result. */
export interface TrainerSuccess {
  readonly hello: EventOf<'hello'>;
  readonly result: EventOf<'result'>;
  readonly wallMs: number;
}

function lastWords(exit: TrainerExit): string {
  const tail = exit.stderrTail.split('\n').slice(-3).join(' / ').slice(-400);
  return tail === '' ? `${exit.stderrPath} has no further output.` : `The end of ${exit.stderrPath}: ${tail}`;
}

function protocolError(exit: TrainerExit, what: string): BudgetlineError {
  return new BudgetlineError('TRAINER_PROTOCOL', `The training executable broke the protocol: ${what}.`, {
    details: { exitCode: exit.exitCode, stderr: exit.stderrPath },
  });
}

/** The code of an error event counts only if the exit status agrees, or means no code. */
function statedCode(exit: TrainerExit): FailureCode | undefined {
  const byStatus = exit.exitCode === null ? undefined : failureOfExitCode(exit.exitCode);
  const stated = exit.error?.code;
  if (stated === undefined || !isFailureCode(stated)) return byStatus;
  const status: number | undefined = failures[stated].exitCode;
  return status === undefined || status === exit.exitCode ? stated : byStatus;
}

function crashed(exit: TrainerExit): BudgetlineError {
  const how = exit.signal === null ? `with status ${exit.exitCode ?? '?'}` : `killed by ${exit.signal}`;
  return new BudgetlineError(
    'TRAINER_CRASHED',
    `The training executable ended ${how} and left no result. ${lastWords(exit)}`,
    { details: { exitCode: exit.exitCode, signal: exit.signal, stderr: exit.stderrPath } },
  );
}

function stated(exit: TrainerExit, code: FailureCode): BudgetlineError {
  const { error } = exit;
  const message =
    error?.message ?? `The training executable reported: ${failures[code].meaning} ${lastWords(exit)}`;
  return new BudgetlineError(code, message, {
    ...(error?.code === code ? { remedy: error.remedy } : {}),
    details: { ...error?.details, exitCode: exit.exitCode },
  });
}

function stalled(exit: TrainerExit, { kind, forMs, limitMs }: Stall): BudgetlineError {
  const [time, limit] = [forMs, limitMs].map((ms) => Number((ms / 1000).toPrecision(3)));
  const what =
    kind === 'idle'
      ? `showed no sign of work for ${time} s: no event and no CPU time; its limit (execution.stallSeconds) is ${limit} s`
      : `computed for ${time} s without finishing a call; its limit, ten times the time of the longest call, is ${limit} s`;
  return new BudgetlineError('TRAINER_STALLED', `The training executable ${what}. ${lastWords(exit)}`, {
    details: { kind, forMs: Math.round(forMs), limitMs: Math.round(limitMs) },
  });
}

/** The failure that a trainer's end means; undefined if it may be a success. */
export function failureOfExit(exit: TrainerExit): BudgetlineError | undefined {
  if (exit.stalled !== undefined) return stalled(exit, exit.stalled);
  if (exit.violation !== undefined) return protocolError(exit, exit.violation);
  if (exit.exitCode === 0) return undefined;
  const code = statedCode(exit);
  if (code !== undefined) return stated(exit, code);
  if (!exit.stopRequested) return crashed(exit);
  return new BudgetlineError(
    'TRAINER_YIELDED',
    'The training executable was asked to stop and had to be killed.',
  );
}

async function checkFile(exit: TrainerExit, dir: string, file: FileDigest): Promise<void> {
  const path = join(dir, file.path);
  const size = await stat(path).then(
    (info) => info.size,
    () => undefined,
  );
  if (size !== file.bytes || (await digestFile(path)) !== file.sha256)
    throw protocolError(exit, `its result lists ${path}, whose bytes differ`);
}

/**
 * Checks a trainer's end. Exit status 0 is not enough: there must be a result event for this job whose
 * files exist byte for byte. Otherwise throws a BudgetlineError with the failure's code.
 */
export async function judgeExit(exit: TrainerExit, job: TrainerJob): Promise<TrainerSuccess> {
  const failure = failureOfExit(exit);
  if (failure !== undefined) throw failure;
  const { hello, result, wallMs } = exit;
  if (hello === undefined) throw protocolError(exit, 'it ended with status 0 and sent no hello');
  if (result === undefined) throw protocolError(exit, 'it ended with status 0 and sent no result');
  if (hello.id !== job.id || hello.command !== job.command)
    throw protocolError(exit, `its hello names "${hello.command}" for ${hello.id}`);
  if (result.outputDir !== job.outputDir)
    throw protocolError(exit, `its result is in ${result.outputDir} and not in ${job.outputDir}`);
  for (const file of result.files) await checkFile(exit, job.outputDir, file);
  return { hello, result, wallMs };
}

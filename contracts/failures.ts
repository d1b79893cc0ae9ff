/**
 * Every failure that Budgetline reports, by a stable code. Nobody matches on messages: workers, command line,
 * ledger and docs/errors.md all read this one table.
 */
export interface FailureInfo {
  /** Exit status of the training executable that means this failure, where there is one. */
  readonly exitCode?: number;
  /** Whether an attempt that ended so is tried again. */
  readonly retried: boolean;
  readonly meaning: string;
  readonly remedy: string;
}

const table = {
  USAGE: {
    exitCode: 64,
    retried: false,
    meaning: 'The command line or the job file asks for something that does not exist.',
    remedy: 'Compare the command and the field that the message names with --help or docs/protocol.md.',
  },
  DATA_INVALID: {
    exitCode: 65,
    retried: false,
    meaning: 'A data row cannot be used as it stands.',
    remedy: 'Correct the row at the file and line that the message names.',
  },
  INPUT_MISSING: {
    exitCode: 66,
    retried: false,
    meaning: 'A file or folder that the work needs is not there.',
    remedy: 'Put the file where the message says, or correct the path.',
  },
  DEVICE_UNAVAILABLE: {
    exitCode: 69,
    retried: true,
    meaning: 'The device or its execution provider cannot be used on this host.',
    remedy: 'Install what the message names, or use device "cpu".',
  },
  DEVICE_BUSY: {
    exitCode: 79,
    retried: true,
    meaning: 'Another training process of this host computes on the device.',
    remedy:
      'Nothing to do: the stage is tried again. If it stays so, look at the process that the message names.',
  },
  DEVICE_OUT_OF_MEMORY: {
    exitCode: 71,
    retried: true,
    meaning: 'The device has too little memory for the micro-batch.',
    remedy: 'Lower execution.microBatchSize; the effective batch stays as it is.',
  },
  HOST_OUT_OF_MEMORY: {
    exitCode: 72,
    retried: true,
    meaning: 'The host has too little memory.',
    remedy: 'Run fewer device slots on this host, or use a host with more memory.',
  },
  DISK_FULL: {
    exitCode: 73,
    retried: true,
    meaning: 'The disk that holds the store is full.',
    remedy: 'Free room on the disk that the message names; the work goes on from its last checkpoint.',
  },
  IO_FAILED: {
    exitCode: 74,
    retried: true,
    meaning: 'Reading or writing a file failed.',
    remedy: 'Check the disk and the permissions of the path that the message names.',
  },
  TRAINER_YIELDED: {
    exitCode: 75,
    retried: true,
    meaning: 'The training executable was asked to stop, wrote a checkpoint and stopped.',
    remedy: 'Nothing to do: the next attempt goes on from that checkpoint.',
  },
  TRAINER_PROTOCOL: {
    exitCode: 76,
    retried: false,
    meaning: 'The training executable broke the protocol of docs/protocol.md.',
    remedy: 'Use an executable of this protocol version.',
  },
  TRAINING_DIVERGED: {
    exitCode: 77,
    retried: false,
    meaning: 'The loss stayed far above what it was at the first step.',
    remedy: 'Lower the learning rate; the checkpoints from before are kept.',
  },
  LOSS_NOT_FINITE: {
    exitCode: 67,
    retried: false,
    meaning: 'The loss, the gradient norm or another figure of a step is not a finite number.',
    remedy: 'Lower the learning rate, or look at the rows of the step that the message names.',
  },
  REFERENCE_BROKEN: {
    exitCode: 68,
    retried: false,
    meaning: 'Before the first update a policy does not score as its reference does.',
    remedy:
      'The policy must start as the frozen reference: use that folder, and a work folder that no other job has used.',
  },
  CONFIG_INVALID: {
    exitCode: 78,
    retried: false,
    meaning: 'A job, a model configuration or a checkpoint contradicts itself or this program.',
    remedy: 'Correct the field that the message names.',
  },
  TRAINER_CRASHED: {
    retried: true,
    meaning: 'The training executable ended without a result: killed, or by a fault of its own.',
    remedy: 'Nothing to do unless it repeats; then read the stderr.log that the message names.',
  },
  TRAINER_STALLED: {
    retried: true,
    meaning: 'The training executable lives but has reported nothing for too long.',
    remedy:
      'If it was still at work, raise the limit: execution.stallSeconds, --stall-seconds or BUDGETLINE_STALL_SECONDS.',
  },
  STAGE_CLAIMED: {
    retried: true,
    meaning: 'Another worker is running this very stage; this one waits for its result.',
    remedy: 'Nothing to do.',
  },
  CLAIM_LOST: {
    retried: true,
    meaning: 'The claim on a stage passed to another worker, so this attempt may not publish.',
    remedy: 'Nothing to do: the newer attempt has the work.',
  },
  WORKER_STOPPING: {
    retried: true,
    meaning: 'The worker was shut down while the stage ran; its progress is in a checkpoint.',
    remedy: 'Nothing to do: another worker, or the next start, goes on from there.',
  },
  RETRIES_SPENT: {
    retried: false,
    meaning: 'The stage failed for reasons of infrastructure as often as the definition allows.',
    remedy:
      'Read the reasons in the stage’s ledger, mend the cause, and start the run again: it goes on from the last checkpoint.',
  },
  ANNOTATOR_BUSY: {
    retried: true,
    meaning: 'Another stage is asking the same annotator or judge; this one waits for its turn.',
    remedy: 'Nothing to do.',
  },
  ANNOTATOR_UNAVAILABLE: {
    retried: true,
    meaning: 'The endpoint behind an annotator does not answer, or asks to wait longer than an attempt does.',
    remedy: 'Nothing to do unless it repeats; answers that were paid for are kept.',
  },
  ANNOTATOR_REFUSED: {
    retried: false,
    meaning:
      'An annotator cannot be asked: no key, a request that is refused, or another model than the one named.',
    remedy: 'Correct the annotator’s settings; answers that were paid for are kept.',
  },
  ANNOTATOR_INVALID: {
    retried: false,
    meaning: 'An annotator’s answers are not of the form that was asked for, however often it was asked.',
    remedy: 'Use a model that keeps to structured output, or ask for less.',
  },
  ANNOTATION_PENDING: {
    retried: true,
    meaning: 'People have not answered all rows of an annotation queue yet; the stage waits.',
    remedy: 'budgetline annotate FOLDER shows what is asked; with --add FILE it takes the answers.',
  },
  DEFINITION_INVALID: {
    retried: false,
    meaning: 'The experiment or sweep definition is not valid.',
    remedy: 'Correct the field that the message names.',
  },
  BUDGET_EXCEEDS_POOL: {
    retried: false,
    meaning: 'The budget asks for more rows than the task’s pool holds.',
    remedy: 'Lower the budget or enlarge the pool.',
  },
  POOL_EXHAUSTED: {
    retried: false,
    meaning:
      'The pool held too few prompts on which the samples disagree, so the pairs that the budget pays for cannot be made.',
    remedy: 'Enlarge the pool, raise pairs.candidates, or take the chosen answer from "gold".',
  },
  SPEND_LIMIT: {
    retried: false,
    meaning: 'The plan, or what is still to run, could spend more than the definition’s spendLimit.',
    remedy: 'Raise spendLimit or plan fewer cells; what is finished is kept.',
  },
  ARTIFACT_CORRUPT: {
    retried: false,
    meaning: 'The bytes of a stored artifact are not those that its manifest records.',
    remedy: 'Remove the artifact folder that the message names; the stage will run again.',
  },
  LEDGER_CORRUPT: {
    retried: false,
    meaning: 'A line of an attempt ledger does not follow from the line before it.',
    remedy: 'Compare the ledger file that the message names with a copy; do not edit it.',
  },
  BUNDLE_REFUSED: {
    retried: false,
    meaning: 'A bundle’s archive breaks a limit, or is none; or a run holds what no bundle may.',
    remedy: 'Ask for the bundle again, as "budgetline audit export" wrote it.',
  },
  SIGNING_KEY_INVALID: {
    retried: false,
    meaning: 'A file that should hold an ed25519 key does not.',
    remedy: 'Make a key with: openssl genpkey -algorithm ed25519 -out key.pem',
  },
  REFERENCE_MISMATCH: {
    retried: false,
    meaning: 'The model that a policy would be trained against is not the frozen reference.',
    remedy: 'Start from the reference artifact that the message names.',
  },
  STORE_UNWRITABLE: {
    retried: false,
    meaning: 'The store’s folder cannot be written.',
    remedy: 'Set BUDGETLINE_HOME to a folder that you may write, or correct its permissions.',
  },
  OUTPUT_EXISTS: {
    retried: false,
    meaning: 'A file or folder that a command is to write is there already, with other content.',
    remedy: 'Name another file or folder, or remove the one that the message names.',
  },
  TEMPORAL_MISSING: {
    retried: false,
    meaning: 'No Temporal server was found and none could be started.',
    remedy: 'Install the temporal command line or Go, or set TEMPORAL_ADDRESS to a server that you run.',
  },
  CONNECTION_INVALID: {
    retried: false,
    meaning:
      'A setting of the connection to Temporal cannot be used: a profile, a certificate, a payload key.',
    remedy: 'Correct the variable or the file that the message names.',
  },
  PORT_IN_USE: {
    retried: false,
    meaning: 'The port for the Temporal server is taken by another program.',
    remedy: 'Set BUDGETLINE_TEMPORAL_PORT to a free port.',
  },
  CODE_DIFFERS: {
    retried: false,
    meaning: 'The worker has other code of a task, annotator or judge than the run was planned with.',
    remedy: 'Start the workers again with the code of the plan, or start the run again: it is planned anew.',
  },
  TASK_UNKNOWN: {
    retried: false,
    meaning: 'No task or annotator of this name is registered on the worker.',
    remedy: 'Register it: createWorker({ tasks: [...] }).',
  },
  RUN_ENDED: {
    retried: false,
    meaning: 'The workflow was cancelled or terminated by somebody else while it was watched.',
    remedy: 'Start the run again: it goes on with what the store holds.',
  },
  RUN_UNKNOWN: {
    retried: false,
    meaning: 'No run of this id goes on, or it is none of ours.',
    remedy: 'Compare the id with the one that the plan prints, or start the run again.',
  },
  STEERING_REFUSED: {
    retried: false,
    meaning:
      'A run was asked for something that makes no sense as it stands, as to resume when it is not paused.',
    remedy: 'Look where it stands with: budgetline status ID',
  },
  EXPORT_REFUSED: {
    retried: false,
    meaning: 'A server did not take what was exported to it.',
    remedy: 'Compare its address and its token, and read what it answered.',
  },
  SEARCH_UNAVAILABLE: {
    retried: false,
    meaning: 'The Temporal server does not index what runs are searched by.',
    remedy:
      'Register it: budgetline server register; on Temporal Cloud, and without an operator’s rights, as docs/design/audit.md says.',
  },
  WORKERS_SILENT: {
    retried: false,
    meaning: 'The Temporal server knows the run, but no worker answers for it.',
    remedy: 'Start workers (budgetline worker --queue cpu, or the run itself) and ask again.',
  },
  TEMPORAL_SILENT: {
    retried: false,
    meaning: 'The Temporal server did not answer for minutes while a run was watched.',
    remedy:
      'The run goes on on the server. When that answers again: budgetline status ID, or start the same run once more, which attaches to it.',
  },
  INTERNAL: {
    retried: false,
    meaning: 'A fault of Budgetline itself, or of a task that is registered with it.',
    remedy: 'Read the stack beside the message; a fault of ours is worth a report with it.',
  },
} as const satisfies Record<string, FailureInfo>;

/** A stable failure code. */
export type FailureCode = keyof typeof table;

/** The table of failures: code → exit status, whether it is retried, meaning, remedy. */
export const failures: Readonly<Record<FailureCode, FailureInfo>> = table;

/** The failure that an exit status of the training executable means; undefined for 0 and for unknown statuses. */
export function failureOfExitCode(exitCode: number): FailureCode | undefined {
  const codes = Object.keys(table) as FailureCode[];
  return codes.find((code) => failures[code].exitCode === exitCode);
}

/** An error with a stable code, a sentence that names the offending thing, and what to do about it. */
export class BudgetlineError extends Error {
  override readonly name = 'BudgetlineError';
  readonly code: FailureCode;
  /** What to do; the table's advice unless the thrower knows better. */
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: FailureCode,
    message: string,
    options: { remedy?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy ?? failures[code].remedy;
    this.details = options.details ?? {};
  }
}

/** What to do about a failure as it was reported: what whoever failed advises, else the table; empty for foreign codes. */
export function remedyOf({ code, remedy }: { code: string; remedy?: string | undefined }): string {
  return remedy ?? (isFailureCode(code) ? failures[code].remedy : '');
}

/** Whether a text is one of our codes: what comes from elsewhere may be anything. */
export const isFailureCode = (code: string | null | undefined): code is FailureCode =>
  typeof code === 'string' && Object.hasOwn(failures, code);

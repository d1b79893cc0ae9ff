/**
 * Every failure that Budgetline reports, by a stable code. Workers, command line, ledger and docs/errors.md
 * read this table through core/failures.ts; nothing matches on messages.
 */
export interface FailureInfo {
  /** Exit status of the training executable for this failure, if there is one. */
  readonly exitCode?: number;
  /** Whether the attempt is retried. */
  readonly retried: boolean;
  /** Something outside of the stage is away for a while. It is waited for by time, not by a number of retries. */
  readonly outage?: true;
  readonly meaning: string;
  readonly remedy: string;
}

export const failureTable = {
  USAGE: {
    exitCode: 64,
    retried: false,
    meaning: 'The command line or the job file names something that does not exist.',
    remedy: 'Compare the command and the field that the message names with --help or docs/protocol.md.',
  },
  DATA_INVALID: {
    exitCode: 65,
    retried: false,
    meaning: 'A data row is invalid.',
    remedy: 'Correct the row at the file and line that the message names.',
  },
  INPUT_MISSING: {
    exitCode: 66,
    retried: false,
    meaning: 'A file or folder that the work needs is missing.',
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
    meaning: 'Another training process on this host uses the device.',
    remedy: 'Nothing to do: the stage is retried. If it repeats, look at the process that the message names.',
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
    outage: true,
    meaning: 'The disk that holds the store is full.',
    remedy: 'Free space on the disk that the message names; the work resumes from its last checkpoint.',
  },
  IO_FAILED: {
    exitCode: 74,
    retried: true,
    outage: true,
    meaning: 'Reading or writing a file failed.',
    remedy: 'Check the disk and the permissions of the path that the message names.',
  },
  TRAINER_YIELDED: {
    exitCode: 75,
    retried: true,
    meaning: 'The training executable was asked to stop, wrote a checkpoint and stopped.',
    remedy: 'Nothing to do: the next attempt resumes from that checkpoint.',
  },
  TRAINER_PROTOCOL: {
    exitCode: 76,
    retried: false,
    meaning: 'The training executable violated the protocol of docs/protocol.md.',
    remedy: 'Use an executable of this protocol version.',
  },
  TRAINING_DIVERGED: {
    exitCode: 77,
    retried: false,
    meaning: 'The loss stayed far above its value at the first step.',
    remedy: 'Lower the learning rate; earlier checkpoints are kept.',
  },
  LOSS_NOT_FINITE: {
    exitCode: 67,
    retried: false,
    meaning: 'The loss, the gradient norm or another metric of a step is not a finite number.',
    remedy: 'Lower the learning rate, or check the rows of the step that the message names.',
  },
  REFERENCE_BROKEN: {
    exitCode: 68,
    retried: false,
    meaning: 'Before the first update, a policy scores differently from its reference.',
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
    meaning: 'The training executable ended without a result: it was killed, or crashed.',
    remedy: 'Nothing to do unless it repeats; then read the stderr.log that the message names.',
  },
  TRAINER_STALLED: {
    retried: true,
    meaning:
      'The training executable is alive but does not work: it is idle, or computes without finishing a call.',
    remedy:
      'If it was still at work, raise the limit: execution.stallSeconds, --stall-seconds or BUDGETLINE_STALL_SECONDS.',
  },
  STAGE_CLAIMED: {
    retried: true,
    meaning: 'Another worker is running this stage; this one waits for its result.',
    remedy: 'Nothing to do.',
  },
  CLAIM_LOST: {
    retried: true,
    meaning: 'The claim on a stage passed to another worker, so this attempt may not publish.',
    remedy: 'Nothing to do: the newer attempt does the work.',
  },
  WORKER_STOPPING: {
    retried: true,
    meaning: 'The worker was shut down while the stage ran; its progress is in a checkpoint.',
    remedy: 'Nothing to do: another worker, or the next start, resumes from there.',
  },
  WORKER_LOST: {
    retried: true,
    meaning:
      'The worker of a stage sends no heartbeats any more: its process or its host is gone, or cut off.',
    remedy:
      'Nothing to do while another worker runs: the stage goes on from its last checkpoint. Otherwise start one: budgetline worker --queue gpu',
  },
  RETRIES_SPENT: {
    retried: false,
    meaning:
      'The stage had more infrastructure failures than the definition allows (execution.infrastructureRetries), or waited longer than it allows for a disk or an endpoint (execution.outageHours).',
    remedy:
      'Read the reasons in the stage’s ledger, fix the cause, and start the run again: it resumes from the last checkpoint.',
  },
  ANNOTATOR_BUSY: {
    retried: true,
    meaning: 'Another stage is using the same annotator or judge; this one waits for its turn.',
    remedy: 'Nothing to do.',
  },
  ANNOTATOR_UNAVAILABLE: {
    retried: true,
    outage: true,
    meaning:
      'The network or endpoint of an annotator or judge does not answer, or asks to wait longer than an attempt may.',
    remedy: 'Nothing to do unless it repeats; answers that were paid for are kept.',
  },
  ANNOTATOR_REFUSED: {
    retried: false,
    meaning: 'An annotator cannot be used: no key, a rejected request, or a model other than the one named.',
    remedy: 'Correct the annotator’s settings; answers that were paid for are kept.',
  },
  ANNOTATOR_INVALID: {
    retried: false,
    meaning: 'An annotator’s answers do not have the required format, even after repeated requests.',
    remedy: 'Use a model with structured output, or a simpler format.',
  },
  ANNOTATOR_FAULTY: {
    retried: false,
    meaning:
      'The code of an annotator or judge throws an error, or returns something other than its answers.',
    remedy:
      'Correct the function at the file and line that the message names; answers that were paid for are kept.',
  },
  ANNOTATION_PENDING: {
    retried: true,
    meaning: 'People have not answered all rows of an annotation queue yet; the stage waits.',
    remedy: 'budgetline annotate FOLDER lists the open rows; with --add FILE it adds answers.',
  },
  DEFINITION_INVALID: {
    retried: false,
    meaning: 'The experiment or sweep definition is not valid.',
    remedy: 'Correct the field that the message names.',
  },
  BUDGET_EXCEEDS_POOL: {
    retried: false,
    meaning: 'The budget needs more rows than the task’s pool has.',
    remedy: 'Lower the budget or enlarge the pool.',
  },
  BUDGET_EXCEEDED: {
    retried: false,
    meaning: 'A pipeline asked for more rows than its budget has left. Nothing was bought for that stage.',
    remedy: 'Ask for fewer rows, or raise the definition’s budget.',
  },
  POOL_EXHAUSTED: {
    retried: false,
    meaning: 'On too few prompts of the pool do the samples disagree, so the budget’s pairs cannot be made.',
    remedy: 'Enlarge the pool, raise pairs.candidates, or take the chosen answer from "gold".',
  },
  SPEND_LIMIT: {
    retried: false,
    meaning:
      'The plan, or the remaining work, could spend more than spendLimitUsd or than a pipeline’s allowanceUsd.',
    remedy: 'Raise the limit that the message names, or buy fewer rows; what is finished is kept.',
  },
  ARTIFACT_CORRUPT: {
    retried: false,
    meaning: 'The bytes of a stored artifact differ from its manifest.',
    remedy: 'Remove the artifact folder that the message names; the stage will run again.',
  },
  FORMAT_UNSUPPORTED: {
    retried: false,
    meaning:
      'An earlier or later version of Budgetline made an artifact, a ledger or a result.json, in another format.',
    remedy:
      'Use the version that made it. Of an earlier version, a run makes the artifacts again; reports and audits need that version. Keep the folders store/annotations and store/ledger: they have the rows that are paid for.',
  },
  LEDGER_CORRUPT: {
    retried: false,
    meaning: 'A line of an attempt ledger does not follow from the line before it.',
    remedy: 'Compare the ledger file that the message names with a copy; do not edit it.',
  },
  BUNDLE_REFUSED: {
    retried: false,
    meaning:
      'A bundle’s archive exceeds a limit or is not an archive, or a run holds something that bundles may not contain.',
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
    meaning: 'A file or folder that a command would write exists already, with other content.',
    remedy: 'Name another file or folder, or remove the one that the message names.',
  },
  TEMPORAL_MISSING: {
    retried: false,
    meaning: 'No Temporal server was found and none could be started.',
    remedy: 'Install the temporal command line or Go, or set TEMPORAL_ADDRESS to a server that you run.',
  },
  CONNECTION_INVALID: {
    retried: false,
    meaning: 'A setting of the connection to Temporal is invalid: a profile, a certificate or a payload key.',
    remedy: 'Correct the variable or the file that the message names.',
  },
  PORT_IN_USE: {
    retried: false,
    meaning: 'Another program uses the port for the Temporal server.',
    remedy: 'Set BUDGETLINE_TEMPORAL_PORT to a free port.',
  },
  PIPELINE_DIFFERS: {
    retried: false,
    meaning: 'A pipeline ran other stages than it had planned.',
    remedy:
      'Let the pipeline depend on its arguments and on stages.metrics only: not on random numbers, clocks or variables that change.',
  },
  CODE_DIFFERS: {
    retried: false,
    meaning:
      'The worker has other code of a task, annotator, judge, loss, stage kind, pipeline or model family than the plan.',
    remedy: 'Start the workers again with the code of the plan, or start the run again with a new plan.',
  },
  TASK_UNKNOWN: {
    retried: false,
    meaning: 'No task or annotator of this name is registered on the worker.',
    remedy: 'Register it: createWorker({ tasks: [...] }).',
  },
  TASK_FAULTY: {
    retried: false,
    meaning:
      'A task has a fault: a call that does not end, a verifier that fails or returns no score from 0 to 1, a metric that is not a finite number, or correct answers that all score 0. The trial before a run finds most of them.',
    remedy: 'Correct the function of the task that the message names.',
  },
  RUN_ENDED: {
    retried: false,
    meaning: 'A run, or a cell of it, was cancelled, terminated or reset from outside.',
    remedy: 'Start the run again: it continues with what the store holds.',
  },
  RUN_LOST: {
    retried: false,
    meaning:
      'The Temporal server does not know the run any more: its database was lost or replaced, or its retention is over.',
    remedy: 'Start the run again: finished stages come from the store, and nothing is bought twice.',
  },
  RUN_UNKNOWN: {
    retried: false,
    meaning: 'No run with this id is running, or it is not a Budgetline run.',
    remedy: 'Compare the id with the one that the plan prints, or start the run again.',
  },
  STEERING_REFUSED: {
    retried: false,
    meaning: 'The command does not fit the state of the run, e.g. resume while it is not paused.',
    remedy: 'See its state with: budgetline status ID',
  },
  EXPORT_REFUSED: {
    retried: false,
    meaning: 'A server rejected an export.',
    remedy: 'Check its address and token, and read its response.',
  },
  SEARCH_UNAVAILABLE: {
    retried: false,
    meaning: 'The Temporal server does not have the search attributes of runs.',
    remedy:
      'Register them: budgetline server register. On Temporal Cloud, and without operator rights, see docs/design/audit.md.',
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
      'The run continues on the server. When the server answers again: budgetline status ID, or start the same run again, which attaches to it.',
  },
  INTERNAL: {
    retried: false,
    meaning: 'A bug in Budgetline, or in a task that is registered with it.',
    remedy: 'Read the stack next to the message; please report a bug in Budgetline with it.',
  },
} as const satisfies Record<string, FailureInfo>;

import { failureTable, type FailureInfo } from './failure-table';

/** A stable failure code. */
export type FailureCode = keyof typeof failureTable;

/** The table of failures: code → exit status, whether it is retried, meaning, remedy. */
export const failures: Readonly<Record<FailureCode, FailureInfo>> = failureTable;

/** The failure of an exit status of the training executable; undefined for 0 and unknown statuses. */
export function failureOfExitCode(exitCode: number): FailureCode | undefined {
  const codes = Object.keys(failureTable) as FailureCode[];
  return codes.find((code) => failures[code].exitCode === exitCode);
}

/** An error with a stable code, a message that names the cause, and a remedy. */
export class BudgetlineError extends Error {
  override readonly name = 'BudgetlineError';
  readonly code: FailureCode;
  /** What to do. Default: the remedy of the table. */
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

/** The remedy of a reported failure: its own, else the table's; empty for unknown codes. */
export function remedyOf({ code, remedy }: { code: string; remedy?: string }): string {
  return remedy ?? (isFailureCode(code) ? failures[code].remedy : '');
}

/** Hours for which an outage is waited out, unless the definition says otherwise. */
export const defaultOutageHours = 24;

/** Whether a failure is waited out by time. */
export const isOutage = (code: FailureCode): boolean => failures[code].outage === true;

/** Whether a text is a failure code of the table. */
export const isFailureCode = (code: string | null | undefined): code is FailureCode =>
  typeof code === 'string' && Object.hasOwn(failures, code);

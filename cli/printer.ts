import type { Failure } from './failure';
import { createInk, takesColour, terminalLine, type Ink } from './print/ink';

/** Writes text for people: to standard output, or with --json to standard error. */
export interface Printer {
  readonly stream: NodeJS.WriteStream;
  readonly ink: Ink;
  /** Writes lines in which control characters of foreign text are visible. */
  readonly print: (lines: readonly string[]) => void;
}

export interface PrinterOptions {
  /** Standard output is reserved for a JSON document. */
  readonly json?: boolean;
  /** False for --no-color. */
  readonly color?: boolean;
}

/** A printer to a stream; in colours where the stream takes them. */
export function printerTo(stream: NodeJS.WriteStream, color = true): Printer {
  const coloured = color && takesColour(stream, process.env);
  return {
    stream,
    ink: createInk(coloured),
    print(lines) {
      stream.write(lines.map((line) => `${terminalLine(line, coloured)}\n`).join(''));
    },
  };
}

export function createPrinter({ json = false, color = true }: PrinterOptions = {}): Printer {
  return printerTo(json ? process.stderr : process.stdout, color);
}

/** Prints a result: as a JSON document with --json, else as text. */
export function printFound<T>(
  found: T,
  options: PrinterOptions,
  render: (found: T, ink: Ink) => readonly string[],
): void {
  const printer = createPrinter(options);
  if (options.json === true) printJson(found);
  else printer.print(render(found, printer.ink));
}

let printed = false;

/** One JSON document on standard output. */
export function printJson(value: unknown): void {
  printed = true;
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints a failure as JSON, unless the command printed a document before it failed. */
export function printFailure({ code, message, remedy }: Failure): void {
  if (!printed) printJson({ error: { code, message, remedy } });
}

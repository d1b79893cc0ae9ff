import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import type { RunProgress } from '../app/run/progress';
import type { Printer } from './printer';
import { renderStanding, renderStandingLine } from './print/progress';
import { pageWidth } from './print/text';

/** Shows where a sweep stands while it runs. */
export interface ProgressView {
  show(standing: RunProgress): void;
  /** A line that stays. */
  notice(text: string): void;
  /** Takes the progress away; what is printed next follows on a clean line. */
  end(): void;
}

/** Redraws a block in place. */
function createTerminalView({ stream, ink }: Printer): ProgressView {
  let drawn: string[] = [];
  const erase = (): void => {
    if (drawn.length === 0) return;
    // Ctrl-C has left its echo in the line.
    cursorTo(stream, 0);
    moveCursor(stream, 0, -drawn.length);
    clearScreenDown(stream);
    drawn = [];
  };
  const draw = (lines: string[]): void => {
    erase();
    stream.write(lines.map((line) => `${line}\n`).join(''));
    drawn = lines;
  };
  return {
    show: (standing) => draw(renderStanding(standing, ink, Math.min(pageWidth, (stream.columns || 80) - 1))),
    notice(text) {
      const lines = drawn;
      erase();
      stream.write(`${text}\n`);
      draw(lines);
    },
    end: erase,
  };
}

const quietMs = 10_000;

/** A line now and then, when something has changed: for logs and pipes. */
function createLineView({ stream }: Printer): ProgressView {
  let last = '';
  let lastMs = -Infinity;
  return {
    show(standing) {
      const line = renderStandingLine(standing);
      const news = line.replace(/^\[[^\]]*\] /, '');
      const nowMs = performance.now();
      if (news === last || nowMs - lastMs < quietMs) return;
      [last, lastMs] = [news, nowMs];
      stream.write(`${line}\n`);
    },
    notice: (text) => void stream.write(`${text}\n`),
    end: () => undefined,
  };
}

export function createProgressView(printer: Printer): ProgressView {
  return printer.stream.isTTY ? createTerminalView(printer) : createLineView(printer);
}

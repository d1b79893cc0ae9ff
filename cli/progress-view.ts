import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import type { RunProgress } from '../app/run/progress';
import type { Printer } from './printer';
import { renderProgress, renderProgressLine } from './print/progress';
import { pageWidth } from './print/text';

/** Shows the progress of a sweep while it runs. */
export interface ProgressView {
  show(progress: RunProgress): void;
  /** Prints a line that stays. */
  notice(text: string): void;
  /** Erases the progress; later output starts on a clean line. */
  end(): void;
}

/** Redraws a block in place. */
function createTerminalView({ stream, ink, print }: Printer): ProgressView {
  let drawn: string[] = [];
  const erase = (): void => {
    if (drawn.length === 0) return;
    // Ctrl-C leaves its echo in the line.
    cursorTo(stream, 0);
    moveCursor(stream, 0, -drawn.length);
    clearScreenDown(stream);
    drawn = [];
  };
  const draw = (lines: string[]): void => {
    erase();
    print(lines);
    drawn = lines;
  };
  return {
    show: (progress) => draw(renderProgress(progress, ink, Math.min(pageWidth, (stream.columns || 80) - 1))),
    notice(text) {
      const lines = drawn;
      erase();
      print([text]);
      draw(lines);
    },
    end: erase,
  };
}

const quietMs = 10_000;

/** Prints a line at most every 10 seconds, if something has changed: for logs and pipes. */
function createLineView({ print }: Printer): ProgressView {
  let last = '';
  let lastMs = -Infinity;
  return {
    show(progress) {
      const line = renderProgressLine(progress);
      const news = line.replace(/^\[[^\]]*\] /, '');
      const nowMs = performance.now();
      if (news === last || nowMs - lastMs < quietMs) return;
      [last, lastMs] = [news, nowMs];
      print([line]);
    },
    notice: (text) => print([text]),
    end: () => undefined,
  };
}

export function createProgressView(printer: Printer): ProgressView {
  return printer.stream.isTTY ? createTerminalView(printer) : createLineView(printer);
}

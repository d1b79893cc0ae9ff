import picocolors from 'picocolors';
import { visibleText } from '../../core/visible-text';

type Dye = (text: string) => string;

/** Colours by meaning. Colour never carries information alone. */
export interface Ink {
  readonly strong: Dye;
  readonly faint: Dye;
  readonly good: Dye;
  readonly bad: Dye;
  readonly doubtful: Dye;
}

/** Without colours, every function returns its text unchanged. */
export function createInk(coloured: boolean): Ink {
  const { bold, dim, green, red, yellow } = picocolors.createColors(coloured);
  return {
    strong: (text) => bold(text),
    faint: (text) => dim(text),
    good: (text) => green(text),
    bad: (text) => red(text),
    doubtful: (text) => yellow(text),
  };
}

/** The sequences that an ink makes. */

const ownSequence = /(\u001b\[(?:1|2|22|31|32|33|39)m)/;

/** A line for a terminal or a log: control characters of foreign text become visible, colours of an ink stay. */
export const terminalLine = (line: string, coloured: boolean): string =>
  coloured
    ? line
        .split(ownSequence)
        .map((part, at) => (at % 2 === 1 ? part : visibleText(part)))
        .join('')
    : visibleText(line);

/** Whether to colour a stream: NO_COLOR and FORCE_COLOR decide, else whether it is a terminal. */
export function takesColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '') !== '') return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

import picocolors from 'picocolors';

type Dye = (text: string) => string;

/** Colours by what they mean. Nothing is said by colour alone. */
export interface Ink {
  readonly strong: Dye;
  readonly faint: Dye;
  readonly good: Dye;
  readonly bad: Dye;
  readonly doubtful: Dye;
}

/** Ink that colours, or one that leaves texts as they are. */
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

/** Whether a stream takes colour: NO_COLOR and FORCE_COLOR are heeded, a terminal is asked for otherwise. */
export function takesColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '') !== '') return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

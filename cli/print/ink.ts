import picocolors from 'picocolors';

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

/** Whether to colour a stream: NO_COLOR and FORCE_COLOR decide, else whether it is a terminal. */
export function takesColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '') !== '') return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

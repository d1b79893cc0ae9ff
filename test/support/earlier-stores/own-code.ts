/** Code of a user, as a definition reaches it. Its digest is in the nest of rows, so it never changes with a version. */
import * as words from './own-words';

const limits = { words: 12 };
limits.words += 1;

/** Not reached. */
export const unused = (): string => 'unused';

export class Writer {
  constructor(private readonly style: string) {}

  write(prompt: string): string {
    const text = `${words.opening} ${prompt} (${this.style})`;
    return text.split(/\s+/).slice(0, limits.words).join(' ');
  }
}

export const annotate = async ({ prompt }: { prompt: string }): Promise<string> => {
  const { EOL } = await import('node:os');
  return new Writer(`plain${EOL}`).write(prompt);
};

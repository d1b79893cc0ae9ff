import { createRandom } from '../../../core/random';
import type { AnnotationRow } from '../../../ingest';

/** Rows of mixed lengths and scripts, and a limit that some of them exceed. */
export interface LengthCase {
  readonly rows: readonly AnnotationRow[];
  readonly maxLength: number;
  readonly onOverlength: 'error' | 'drop' | 'truncate';
}

const words = ['Ann', 'has', 'twelve', 'apples', '3+4=7', 'x', '帽子', 'été', '####', '\n', 'नमस्ते', '🙂'];

export function lengthCase(seed: number): LengthCase {
  const random = createRandom('length-cases', seed);
  const below = (count: number): number => Math.floor(random() * count);
  const text = (): string =>
    `a${Array.from({ length: below(40) }, () => words[below(words.length)]).join(' ')}`;
  const row = (line: number): AnnotationRow => {
    const common = { id: `r-${seed}.jsonl-${line}`, prompt: text() };
    if (seed % 3 === 0) return { ...common, chosen: text(), rejected: text() };
    if (seed % 3 === 1) return { ...common, completion: text() };
    return { ...common, completion: text(), label: below(2) === 1 };
  };
  return {
    rows: Array.from({ length: 40 }, (_, at) => row(at + 1)),
    maxLength: 20 + below(120),
    onOverlength: (['error', 'drop', 'truncate'] as const)[below(3)]!,
  };
}

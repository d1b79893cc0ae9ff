import { names as paddedNames, nouns as paddedNouns } from './grade-school-math/words';

/** Words of generated requests, documents and puzzles, more than the embedded model's vocabulary. */
const listOf = (words: string): string[] => words.split(' ');

const trimmed = (words: readonly string[]): string[] => words.map((word) => word.trim());

export const names: readonly string[] = [...trimmed(paddedNames), ...listOf('Ann Ben Cal Dora Finn')];

export const things: readonly string[] = [
  ...trimmed(paddedNouns),
  ...listOf(
    'keys caps maps jars rugs bells coins dolls forks gloves knots lamps plums ropes shoes spoons tents wires',
  ),
];

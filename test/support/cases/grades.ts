import { createRandom } from '../../../core/random';

/** What a grader returns by mistake, and the words that report it. */
export interface WrongGrade {
  readonly result: unknown;
  readonly reported: RegExp;
}

const escaped = (text: string): string => text.replace(/[.+]/g, '\\$&');

/** Graders' results that are none, in seeded variants of each kind. */
export function wrongGrades(seed: number): WrongGrade[] {
  const random = createRandom('wrong grades', seed);
  const above = 1 + random() * 10;
  const below = -random() - 1e-9;
  const text = String(Math.floor(random() * 10));
  const late = Promise.reject(new Error('late'));
  late.catch(() => undefined);
  const numbers = [above, below, NaN, Infinity, -Infinity, 1 + Number.EPSILON];
  const name = ['bleu', 'f1', 'exact'][Math.floor(random() * 3)]!;
  return [
    ...numbers.map((score) => ({
      result: { score },
      reported: new RegExp(`returns the score ${escaped(String(score))} for`),
    })),
    { result: { score: text }, reported: new RegExp(`returns the score "${text}" for`) },
    { result: { score: null }, reported: /returns the score null for/ },
    { result: { score: true }, reported: /returns the score true for/ },
    { result: { score: [random()] }, reported: /returns the score a list for/ },
    { result: {}, reported: /returns the score undefined for/ },
    { result: { score: Promise.resolve(1) }, reported: /returns the score a promise for/ },
    { result: undefined, reported: /returns undefined for/ },
    { result: null, reported: /returns null for/ },
    { result: random(), reported: /returns 0\.\d+(?:e-\d+)? for/ },
    { result: text, reported: new RegExp(`returns "${text}" for`) },
    { result: [1], reported: /returns a list for/ },
    { result: Promise.resolve({ score: 1 }), reported: /returns a promise for/ },
    { result: late, reported: /returns a promise for/ },
    ...[NaN, Infinity, '1', null].map((value) => ({
      result: { score: random(), scores: { fine: 1, [name]: value } },
      reported: new RegExp(`returns .*(?:NaN|Infinity|1"|null) as the metric ${name} for`),
    })),
    { result: { score: 1, scores: [1] }, reported: /returns metrics a list for/ },
    { result: { score: 1, wellFormed: 1 }, reported: /returns wellFormed 1 for/ },
  ];
}

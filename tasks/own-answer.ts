/** A question in the words of common prompts, wherever it begins, or the turn of a person in a dialogue. */
const newQuestion = /\bQ(?:uestion)?:|^\s*(?:User|Human):/m;

/** Where a completion that has begun puts `cue` once more: before the line that the cue answers. */
function startOfTurn(completion: string, cue: string): number {
  const begins = completion.length - completion.trimStart().length;
  const turn = new RegExp(`\\n(?:[^\\n]*\\S[^\\n]*\\n\\s*)?${cue}|\\n[^\\n]*\\b${cue}`);
  const at = completion.slice(begins).search(turn);
  return at < 0 ? at : begins + at;
}

/** True where a completion goes on with a question that nobody asked. */
export const asksAnew = (completion: string): boolean => newQuestion.test(completion);

/**
 * What of a completion answers the prompt. Models write on behind their answer, with a question that they make up and an
 * answer to that; nothing from there on is graded. `cue` is what the task's prompts end with, e.g. "A:".
 */
export function ownAnswer(completion: string, cue?: string): string {
  const ends = [completion.search(newQuestion), cue === undefined ? -1 : startOfTurn(completion, cue)];
  return completion.slice(0, Math.min(completion.length, ...ends.filter((at) => at >= 0)));
}

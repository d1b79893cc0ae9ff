/** A question in the form of common prompts, anywhere in a text, or a user message of a dialogue. */
const newQuestion = /\bQ(?:uestion)?:|^\s*(?:User|Human):/m;

/** Start of a further question that ends in `cue`, after the answer's first text; −1 where there is none. */
function startOfTurn(completion: string, cue: string): number {
  const begins = completion.length - completion.trimStart().length;
  const turn = new RegExp(`\\n(?:[^\\n]*\\S[^\\n]*\\n\\s*)?${cue}|\\n[^\\n]*\\b${cue}`);
  const at = completion.slice(begins).search(turn);
  return at < 0 ? at : begins + at;
}

/** Whether a completion continues with a new question. */
export const hasNewQuestion = (completion: string): boolean => newQuestion.test(completion);

/**
 * The part of a completion that answers the prompt, up to the first new question: base models often continue with further
 * questions and answers. `cue` is the end of the task's prompts, e.g. "A:".
 */
export function ownAnswer(completion: string, cue?: string): string {
  const ends = [completion.search(newQuestion), cue === undefined ? -1 : startOfTurn(completion, cue)];
  return completion.slice(0, Math.min(completion.length, ...ends.filter((at) => at >= 0)));
}

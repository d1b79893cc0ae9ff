import { upToWordEnd } from '../../text/normalize';
import { refuse } from './row';

/** Where the user's turn begins in a dialogue that is one text. */
const userMark =
  /(?<!\S)(?:Human|HUMAN|User|USER):|^(?:Question|Q):|###\s*(?:Instruction|Human|User|Question|Input)\b|<\|im_start\|>\s*user|<\|user\|>|<start_of_turn>user|<\|start_header_id\|>user|\[INST\]/m;
/** Where the assistant's turn begins. */
const assistantMark =
  /(?<!\S)(?:Assistant|ASSISTANT):|^(?:AI|Bot|GPT|Chatbot|Model|Answer|A):|###\s*(?:Response|Assistant|Answer|Output):?[ \t]*\n?|<\|im_start\|>\s*assistant[ \t]*\n?|<\|assistant\|>\n?|<start_of_turn>model\n?|<\|start_header_id\|>assistant<\|end_header_id\|>\n*|\[\/INST\]/gm;

/** The length of the texts' common beginning. */
function commonLength(a: string, b: string): number {
  const shortest = Math.min(a.length, b.length);
  let length = 0;
  while (length < shortest && a[length] === b[length]) length += 1;
  return length;
}

/** The end of the last mark of an answer in a text; undefined if it has none, or no question before it. */
function endOfLastMark(text: string): number | undefined {
  const mark = [...text.matchAll(assistantMark)].at(-1);
  if (mark === undefined || !userMark.test(text.slice(0, mark.index))) return undefined;
  return mark.index + mark[0].length;
}

const needsPrompt = 'Give the row a prompt of its own.';

function cutTranscripts(chosen: string, rejected: string, cut: number): void {
  const answers = [chosen.slice(cut), rejected.slice(cut)];
  if (answers.some((answer) => userMark.test(answer)))
    refuse('rejected', 'answers another dialogue than "chosen"', 'Give both the same turns except the last.');
}

/** The dialogue that two texts begin with, up to the mark of its last answer; undefined where they are other texts. */
export function sharedDialogue(chosen: string, rejected: string): string | undefined {
  const cut = endOfLastMark(chosen.slice(0, commonLength(chosen, rejected)));
  if (cut !== undefined) {
    cutTranscripts(chosen, rejected, cut);
    return chosen.slice(0, cut);
  }
  if (endOfLastMark(chosen) === undefined || endOfLastMark(rejected) === undefined) return undefined;
  return refuse(
    'rejected',
    'answers another dialogue than "chosen"',
    'Give both the same turns except the last.',
  );
}

/** The common beginning of two texts, up to the end of a word. */
export function sharedBeginning(chosen: string, rejected: string): string {
  const length = commonLength(chosen, rejected);
  const prompt = upToWordEnd(chosen.slice(0, length));
  if (prompt.trim() === '')
    return refuse(
      'prompt',
      'is missing, and "chosen" and "rejected" have no beginning in common',
      needsPrompt,
    );
  if (length === Math.min(chosen.length, rejected.length))
    return refuse('prompt', 'is missing, and one answer is the beginning of the other', needsPrompt);
  return prompt;
}

/** Who speaks in a turn of a dialogue, whatever a file calls them. */
export type Speaker = 'system' | 'user' | 'assistant';

export interface Turn {
  readonly speaker: Speaker;
  readonly text: string;
}

const systems = ['system', 'developer'];
const assistants = ['assistant', 'gpt', 'chatgpt', 'bot', 'model', 'ai', 'response', 'answer', 'output'];

/** Everyone who is neither the system nor the model asks: an unknown role is compared rather than left out. */
export function speakerOf(role: string): Speaker {
  const name = role.trim().toLowerCase();
  if (systems.includes(name)) return 'system';
  return assistants.includes(name) ? 'assistant' : 'user';
}

const names = 'system|user|human|prompter|instruction|question|input|assistant|gpt|bot|ai|response|answer';
/** "User:", "### Instruction:" and the like at the start of a line. */
const marker = new RegExp(`^[ \\t]*(?:#+[ \\t]*)?(${names})[ \\t]*:`, 'gimu');

const markup: readonly (readonly [RegExp, string])[] = [
  [/<\|im_start\|>\s*(\w+)|<start_of_turn>\s*(\w+)|<\|(system|user|assistant)\|>/g, '\n$1$2$3:'],
  [/<\|start_header_id\|>\s*(\w+)\s*<\|end_header_id\|>/g, '\n$1:'],
  [/\[INST\]/g, '\nUser:'],
  [/\[\/INST\]/g, '\nAssistant:'],
  [/<<SYS>>/g, '\nSystem:'],
  [/<<\/SYS>>/g, '\nUser:'],
  [/<\|(?:im_end|eot_id|end|endoftext|begin_of_text)\|>|<end_of_turn>|<bos>|<\/?s>/g, '\n'],
];

const isSpoken = ({ text }: Turn): boolean => text.trim() !== '';

/**
 * The turns of a dialogue that is written as one text: "User: …\n\nAssistant:", "### Instruction:", or a chat template's
 * marks. Text before the first mark is a system turn. Empty unless the text has a question and the mark of an answer.
 */
export function turnsOfText(text: string): Turn[] {
  const plain = markup.reduce((whole, [search, replacement]) => whole.replace(search, replacement), text);
  const marks = [...plain.matchAll(marker)];
  const [first] = marks;
  if (first === undefined) return [];
  const turns = marks.map((mark, at): Turn => {
    const start = mark.index + mark[0].length;
    return { speaker: speakerOf(mark[1] ?? ''), text: plain.slice(start, marks[at + 1]?.index) };
  });
  const speaks = (speaker: Speaker): boolean => turns.some((turn) => turn.speaker === speaker);
  if (!speaks('user') || !speaks('assistant')) return [];
  return [{ speaker: 'system' as const, text: plain.slice(0, first.index) }, ...turns].filter(isSpoken);
}

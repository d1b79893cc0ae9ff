import { strip, stripCharacter } from '../../../text/characters';
import { type Check, type InstructionFields, textField } from './fields';

/** Two different answers, divided by six asterisks; only the first and the last part may be blank. */
export const hasTwoResponses: Check = (response) => {
  const parts = response.split('******').map(strip);
  const answers = parts.filter((part) => part !== '');
  return !parts.slice(1, -1).includes('') && answers.length === 2 && answers[0] !== answers[1];
};

export function repeatsPrompt(fields: InstructionFields): Check {
  const prompt = strip(textField(fields, 'prompt_to_repeat')).toLowerCase();
  return (response) => strip(response).toLowerCase().startsWith(prompt);
}

export function endsWith(fields: InstructionFields): Check {
  const phrase = strip(textField(fields, 'end_phrase')).toLowerCase();
  return (response) => stripCharacter(strip(response), '"').toLowerCase().endsWith(phrase);
}

export const isQuoted: Check = (response) => {
  const text = strip(response);
  return text.length > 1 && text.startsWith('"') && text.endsWith('"');
};

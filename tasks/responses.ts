import { type Fault, type NumberedRow, parseJsonRows, type TextFile, textReasons } from './json-rows';

/** What a model answered to a prompt; an empty answer is an answer. */
export interface ResponseRow {
  readonly prompt: string;
  readonly response: string;
}

/** Rows { PROMPT_FIELD, response }; what is wrong goes into `faults`. */
export function parseResponses(
  file: TextFile,
  promptField: string,
  faults: Fault[],
): NumberedRow<ResponseRow>[] {
  return parseJsonRows(
    file,
    (fields) => {
      const { [promptField]: prompt, response } = fields;
      const reasons = textReasons(fields, promptField);
      if (typeof response !== 'string')
        reasons.push({
          field: 'response',
          reason: 'response' in fields ? 'is not a text' : 'is missing',
        });
      return typeof prompt === 'string' && typeof response === 'string' && reasons.length === 0
        ? { row: { prompt, response } }
        : { reasons };
    },
    faults,
  );
}

interface Prompt<Row> {
  readonly line: number;
  readonly prompt: string;
  readonly row: Row;
}

interface Matching {
  readonly paths: { readonly prompts: string; readonly responses: string };
  /** What the prompt's field is called, for faults. */
  readonly field: string;
  readonly faults: Fault[];
}

/** The same text may be composed otherwise in another file. */
const keyOf = (prompt: string): string => prompt.normalize('NFC');

/**
 * Each prompt with its response, in the order of the prompts. A response to no prompt, a second response to one, and a
 * prompt without a response are faults: a rate over some of the prompts is not comparable with anything.
 */
export function matchResponses<Row>(
  prompts: readonly Prompt<Row>[],
  responses: readonly NumberedRow<ResponseRow>[],
  { paths, field, faults }: Matching,
): { row: Row; response: string }[] {
  const known = new Set(prompts.map(({ prompt }) => keyOf(prompt)));
  const byPrompt = new Map<string, NumberedRow<ResponseRow>>();
  for (const answer of responses) {
    const prompt = keyOf(answer.row.prompt);
    const first = byPrompt.get(prompt);
    const reason = !known.has(prompt)
      ? `is none of ${paths.prompts}`
      : first === undefined
        ? undefined
        : `was answered on line ${first.line} already`;
    if (reason === undefined) byPrompt.set(prompt, answer);
    else faults.push({ path: paths.responses, line: answer.line, field, reason });
  }
  return prompts.flatMap(({ line, prompt, row }) => {
    const answer = byPrompt.get(keyOf(prompt));
    if (answer !== undefined) return [{ row, response: answer.row.response }];
    faults.push({ path: paths.prompts, line, field, reason: `has no response in ${paths.responses}` });
    return [];
  });
}

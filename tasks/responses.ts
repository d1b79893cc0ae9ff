import type { RecordsFile } from '../contracts/records';
import { type Fault, type PlacedRow, rowsOf, textReasons } from './record-rows';

/** A model's response to a prompt; it may be empty. */
export interface ResponseRow {
  readonly prompt: string;
  readonly response: string;
}

/** Rows { PROMPT_FIELD, response }; unusable rows go into `faults`. */
export function parseResponses(
  file: RecordsFile,
  promptField: string,
  faults: Fault[],
): PlacedRow<ResponseRow>[] {
  return rowsOf<ResponseRow>(
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
  /** Name of the prompt's field, for faults. */
  readonly field: string;
  readonly faults: Fault[];
}

/** Unicode composition may differ between files. */
const keyOf = (prompt: string): string => prompt.normalize('NFC');

/**
 * Each prompt with its response, in the order of the prompts. An unknown prompt, a second response and a missing response
 * are faults: a rate over a part of the prompts cannot be compared.
 */
export function matchResponses<Row>(
  prompts: readonly Prompt<Row>[],
  responses: readonly PlacedRow<ResponseRow>[],
  { paths, field, faults }: Matching,
): { row: Row; response: string }[] {
  const known = new Set(prompts.map(({ prompt }) => keyOf(prompt)));
  const byPrompt = new Map<string, PlacedRow<ResponseRow>>();
  for (const answer of responses) {
    const prompt = keyOf(answer.row.prompt);
    const first = byPrompt.get(prompt);
    const reason = !known.has(prompt)
      ? `is none of ${paths.prompts}`
      : first === undefined
        ? undefined
        : `already has a response on line ${first.line}`;
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

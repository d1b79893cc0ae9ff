import type { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { demonstrationRow, preferenceRow } from '../../schemas/rows';
import type { JobOf } from '../../schemas/trainer-job';
import type { PairRow, SequenceRow } from '../rows';
import { readJsonLines } from '../io/jsonl';
import type { Tokenizer } from '../io/tokenizer';
import { textRows } from './chat';
import { encodeExample, fitExample, joinSequence, type EncodedExample, type LengthPolicy } from './encode';

export interface Dataset<Row> {
  readonly rows: readonly Row[];
  /** Ids of the rows, as in the file. */
  readonly ids: readonly string[];
  /** Rows longer than maxLength that were dropped or truncated. */
  readonly overlengthRows: number;
}

export interface ReadOptions<Source, Row> {
  readonly path: string;
  readonly schema: z.ZodType<Source & { id: string; prompt: string }>;
  readonly policy: LengthPolicy;
  readonly tokenizer: Tokenizer;
  answersOf(source: Source): Readonly<Record<string, string>>;
  /** Training rows of a source row: one, or two where KTO splits a pair. */
  build(example: EncodedExample, source: Source): readonly Row[];
}

/** Reads, encodes and fits every row of a file. @throws DATA_INVALID naming file, line and field. */
export async function readDataset<Source, Row>(options: ReadOptions<Source, Row>): Promise<Dataset<Row>> {
  const { path, schema, policy, tokenizer } = options;
  const rows: Row[] = [];
  const ids: string[] = [];
  let overlengthRows = 0;
  for await (const { line, row } of readJsonLines(path, textRows(schema, tokenizer.chatTemplate))) {
    const texts = { prompt: row.prompt, answers: options.answersOf(row) };
    const example = encodeExample(tokenizer, texts, { path, line });
    const fitted = fitExample(example, policy, { path, line });
    if (fitted !== example) overlengthRows += 1;
    if (fitted === null) continue;
    for (const built of options.build(fitted, row)) {
      rows.push(built);
      ids.push(row.id);
    }
  }
  if (rows.length > 0) return { rows, ids, overlengthRows };
  throw new BudgetlineError('DATA_INVALID', `${path} has no usable rows (${overlengthRows} were too long).`, {
    details: { path, overlengthRows },
  });
}

interface TrainingJob {
  readonly data: string;
  readonly training: JobOf<'sft'>['training'];
}

export function policyOf({ training }: TrainingJob, tokenizer: Tokenizer): LengthPolicy {
  const { maxLength, onOverlength } = training;
  return { maxLength, onOverlength, beginOfSequence: tokenizer.beginOfSequence };
}

/** Rows of an SFT job: the prompt, and the text of `column` as completion. */
export function readDemonstrations(job: JobOf<'sft'>, tokenizer: Tokenizer): Promise<Dataset<SequenceRow>> {
  const common = {
    path: job.data,
    policy: policyOf(job, tokenizer),
    tokenizer,
    build: ({ prompt, answers }: EncodedExample) => [joinSequence(prompt, answers[0] ?? [])],
  };
  return job.column === 'completion'
    ? readDataset({ ...common, schema: demonstrationRow, answersOf: ({ completion }) => ({ completion }) })
    : readDataset({ ...common, schema: preferenceRow, answersOf: ({ chosen }) => ({ chosen }) });
}

/** Pairs of a preference job; the reference's log-probabilities are 0 until the reference pass. */
export function readPairs(job: JobOf<'preference'>, tokenizer: Tokenizer): Promise<Dataset<PairRow>> {
  return readDataset({
    path: job.data,
    policy: policyOf(job, tokenizer),
    tokenizer,
    schema: preferenceRow,
    answersOf: ({ chosen, rejected }) => ({ chosen, rejected }),
    build: ({ prompt, answers }) => [
      {
        chosen: joinSequence(prompt, answers[0] ?? []),
        rejected: joinSequence(prompt, answers[1] ?? []),
        referenceChosen: 0,
        referenceRejected: 0,
      },
    ],
  });
}

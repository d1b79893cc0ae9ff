import type { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import { demonstrationRow, preferenceRow } from '../../schemas/rows';
import type { JobOf } from '../../schemas/trainer-job';
import type { PairRow, SequenceRow } from '../engine/types';
import { readJsonLines } from '../io/jsonl';
import type { Tokenizer } from '../io/tokenizer';
import { textRows } from './chat';
import { encodeExample, fitExample, joinSequence, type EncodedExample, type LengthPolicy } from './encode';

export interface Dataset<Row> {
  readonly rows: readonly Row[];
  /** Ids of the rows as their file has them. */
  readonly ids: readonly string[];
  /** Rows that were longer than maxLength and were dropped or cut. */
  readonly onOverlength: number;
}

export interface ReadOptions<Source, Row> {
  readonly path: string;
  readonly schema: z.ZodType<Source & { id: string; prompt: string }>;
  readonly policy: LengthPolicy;
  readonly tokenizer: Tokenizer;
  answersOf(source: Source): Readonly<Record<string, string>>;
  /** The rows that a source row makes: one, but for a pair that is taken apart. */
  build(example: EncodedExample, source: Source): readonly Row[];
}

/** Reads, encodes and fits every row of a file. @throws DATA_INVALID naming file, line and field. */
export async function readDataset<Source, Row>(options: ReadOptions<Source, Row>): Promise<Dataset<Row>> {
  const { path, schema, policy, tokenizer } = options;
  const rows: Row[] = [];
  const ids: string[] = [];
  let onOverlength = 0;
  for await (const { line, row } of readJsonLines(path, textRows(schema, tokenizer.chatTemplate))) {
    const texts = { prompt: row.prompt, answers: options.answersOf(row) };
    const example = encodeExample(tokenizer, texts, { path, line });
    const fitted = fitExample(example, policy, { path, line });
    if (fitted !== example) onOverlength += 1;
    if (fitted === null) continue;
    for (const built of options.build(fitted, row)) {
      rows.push(built);
      ids.push(row.id);
    }
  }
  if (rows.length > 0) return { rows, ids, onOverlength };
  throw new BudgetlineError(
    'DATA_INVALID',
    `${path} has no rows that can be used (${onOverlength} were too long).`,
    {
      details: { path, onOverlength },
    },
  );
}

interface TrainingJob {
  readonly data: string;
  readonly training: JobOf<'sft'>['training'];
}

export function policyOf({ training }: TrainingJob, tokenizer: Tokenizer): LengthPolicy {
  const { maxLength, onOverlength } = training;
  return { maxLength, onOverlength, beginOfSequence: tokenizer.beginOfSequence };
}

/** Rows of an SFT job: the prompt and the text of its column. */
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

/** Pairs of a preference job, the reference's log-probabilities still open (0). */
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

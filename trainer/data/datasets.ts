import type { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { demonstrationRow, preferenceRow, type DemonstrationRow } from '../../schemas/rows';
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
async function readRows<Source, Row>(options: ReadOptions<Source, Row>): Promise<Dataset<Row>> {
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
  return { rows, ids, overlengthRows };
}

/** Rows to train on. @throws DATA_INVALID naming file, line and field, or the file if it has no usable row. */
export async function readDataset<Source, Row>(options: ReadOptions<Source, Row>): Promise<Dataset<Row>> {
  const dataset = await readRows(options);
  if (dataset.rows.length > 0) return dataset;
  const { path } = options;
  const { overlengthRows } = dataset;
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

const oneSequence = ({ prompt, answers }: EncodedExample): SequenceRow[] => [
  joinSequence(prompt, answers[0] ?? []),
];

/** Demonstrations as they are read for training and for the held-out loss. */
const completions = {
  schema: demonstrationRow,
  answersOf: ({ completion }: DemonstrationRow) => ({ completion }),
  build: oneSequence,
};

/** Rows of an SFT job: the prompt, and the text of `column` as completion. */
export function readDemonstrations(job: JobOf<'sft'>, tokenizer: Tokenizer): Promise<Dataset<SequenceRow>> {
  const common = { path: job.data, policy: policyOf(job, tokenizer), tokenizer };
  return job.column === 'completion'
    ? readDataset({ ...common, ...completions })
    : readDataset({
        ...common,
        schema: preferenceRow,
        answersOf: ({ chosen }) => ({ chosen }),
        build: oneSequence,
      });
}

/** The rows of `heldOut` that have at most `training.maxLength` tokens. */
export async function readHeldOutRows(
  path: string,
  job: TrainingJob,
  tokenizer: Tokenizer,
): Promise<readonly SequenceRow[]> {
  const policy = { ...policyOf(job, tokenizer), onOverlength: 'drop' } as const;
  return (await readRows({ path, policy, tokenizer, ...completions })).rows;
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

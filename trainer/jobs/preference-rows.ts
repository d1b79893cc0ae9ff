import type { JobOf } from '../../schemas/trainer-job';
import { readPairs, type Dataset } from '../data/datasets';
import { readUnpaired } from '../data/unpaired';
import { supervisedTokens } from '../engine';
import type { PairRow, UnpairedRow } from '../rows';
import type { TrainEngine } from '../engine/types';
import type { Tokenizer } from '../io/tokenizer';

/** The reference's summed log-probabilities of a pair, with token counts. */
export interface PairReference {
  readonly id: string;
  readonly chosen: number;
  readonly rejected: number;
  readonly chosenTokens: number;
  readonly rejectedTokens: number;
}

/** The same for an unpaired row and its mismatched answer, from which KTO computes its baseline. */
export interface UnpairedReference {
  readonly id: string;
  readonly label: boolean;
  readonly logprob: number;
  readonly tokens: number;
  readonly mismatched: number;
  readonly mismatchedTokens: number;
}

/** The steps that differ between losses on pairs and losses on unpaired rows. */
export interface RowForm<Row, Reference> {
  read(job: JobOf<'preference'>, tokenizer: Tokenizer): Promise<Dataset<Row>>;
  /** Scores rows under an engine whose state is the reference's. */
  score(engine: TrainEngine, rows: readonly Row[], ids: readonly string[]): Promise<Reference[]>;
  attach(row: Row, reference: Reference): Row;
}

export const pairForm: RowForm<PairRow, PairReference> = {
  read: readPairs,
  async score(engine, rows, ids) {
    const scored = await engine.pairLogprobs(rows);
    return rows.map(({ chosen, rejected }, index) => ({
      id: ids[index]!,
      chosen: scored.chosen[index]!,
      rejected: scored.rejected[index]!,
      chosenTokens: supervisedTokens(chosen),
      rejectedTokens: supervisedTokens(rejected),
    }));
  },
  attach: (row, { chosen, rejected }) => ({ ...row, referenceChosen: chosen, referenceRejected: rejected }),
};

export const unpairedForm: RowForm<UnpairedRow, UnpairedReference> = {
  read: readUnpaired,
  async score(engine, rows, ids) {
    const own = await engine.sequenceLogprobs(rows.map(({ sequence }) => sequence));
    const other = await engine.sequenceLogprobs(rows.map(({ mismatched }) => mismatched));
    return rows.map(({ sequence, mismatched, desirable }, index) => ({
      id: ids[index]!,
      label: desirable,
      logprob: own[index]!,
      tokens: supervisedTokens(sequence),
      mismatched: other[index]!,
      mismatchedTokens: supervisedTokens(mismatched),
    }));
  },
  attach: (row, { logprob, mismatched }) => ({
    ...row,
    reference: logprob,
    referenceMismatched: mismatched,
  }),
};

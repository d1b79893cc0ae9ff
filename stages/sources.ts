import type { StageCode } from '../core/code';
import type { AuxiliarySpec } from '../schemas/auxiliary-tasks';
import type { EvaluationSpec, ProblemData, TaskData } from '../schemas/definition';

/** The task's part of a spec. */
export interface TaskSource {
  readonly task: string;
  /** External files are replaced by their digests. */
  readonly data: TaskData;
  readonly fileDigests: Readonly<Record<string, string>>;
  /** The user's own code that the stage calls; left out if there is none. */
  readonly code?: StageCode;
}

/** An auxiliary task, with its file replaced by its digest. */
export interface HeldOutSource {
  readonly name: string;
  readonly task: string;
  readonly data: ProblemData;
  readonly code?: StageCode;
}

/** What an evaluation runs, with files replaced by their digests. The split is a field of the spec. */
export interface PinnedEvaluation extends Omit<EvaluationSpec, 'auxiliary' | 'split'> {
  readonly auxiliary?:
    | readonly (AuxiliarySpec & {
        /** Identity of the judge, if its name alone does not identify it. */
        readonly judgeDigest?: string;
        readonly code?: StageCode;
      })[]
    | undefined;
}

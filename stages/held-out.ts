import type { CodeRole } from '../core/code';
import type { StageContext } from './define';
import { filePaths, taskSource } from './parts';
import type { TaskSource } from './sources';

const problemsOnly: readonly CodeRole[] = ['problems'];

/** What a training stage needs to score held-out rows. */
export interface HeldOutParts {
  /** Part of the spec, since their loss is part of the artifact; left out if the definition holds no problems back. */
  readonly heldOut?: TaskSource;
  readonly files: Readonly<Record<string, string>>;
  /** The user's code that reads them. */
  readonly roles: readonly CodeRole[];
}

/** Nothing trains on validation problems, so that their reference answers are held-out rows. */
export function heldOutParts(context: StageContext): HeldOutParts {
  if (context.resolved.definition.data.validation === 0) return { files: {}, roles: [] };
  return {
    heldOut: taskSource(context, problemsOnly),
    files: filePaths(context),
    roles: problemsOnly,
  };
}

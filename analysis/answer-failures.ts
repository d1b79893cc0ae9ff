import type { FailedCellAnalysis, SubjectAnalysis } from '../contracts/analysis/sweep';
import { joinList } from '../contracts/text';
import { sayBudget } from './text';

type Failures = Pick<SubjectAnalysis, 'failedCells' | 'failedControls' | 'baseFailure' | 'seeds' | 'unit'>;

/** Cells without a score, by the reason. */
function answerFailedCells({ failedCells, seeds, unit }: Failures): string[] {
  const nameOf = ({ budget, sftFraction, seed }: FailedCellAnalysis): string => {
    const place = `SFT share ${sftFraction} at ${sayBudget(budget, unit)}`;
    return seeds.length > 1 ? `${place} (seed ${seed})` : place;
  };
  const codes = [...new Set(failedCells.map(({ code }) => code))];
  return codes.map((code) => {
    const names = failedCells.filter((cell) => cell.code === code).map(nameOf);
    const ended =
      code === 'SPEND_LIMIT'
        ? `${names.length === 1 ? 'was' : 'were'} stopped by the spend limit`
        : `failed (${code})`;
    return `${joinList(names)} ${ended} and ${names.length === 1 ? 'is' : 'are'} missing from this answer.`;
  });
}

/** Failed controls that the answer compares with. */
function answerFailedControls({ failedControls, unit }: Failures): string[] {
  const names = failedControls
    .filter(({ kind }) => ['warm-start', 'sft-on-chosen', 'rejection-sampling'].includes(kind))
    .map(
      ({ kind, sftFraction, budget }) => `${kind} of SFT share ${sftFraction} at ${sayBudget(budget, unit)}`,
    );
  if (names.length === 0) return [];
  return [`These controls failed and are missing: ${joinList([...new Set(names)])}.`];
}

const answerBaseFailure = ({ baseFailure }: Failures): string[] =>
  baseFailure === undefined
    ? []
    : [`The base model’s evaluation failed (${baseFailure.code}), so no split is compared with it.`];

/** What failed, before anything is concluded from the rest. */
export const answerFailures = (analysis: Failures): string[] => [
  ...answerFailedCells(analysis),
  ...answerBaseFailure(analysis),
  ...answerFailedControls(analysis),
];

import { definedAt } from '../../core/code';
import type { Task } from '../../contracts/task';
import { fileNamesOf } from '../define/read-files';
import { annotators, goldAnswer, type MathProblem } from './annotators';
import { scoreFile, scoreSynthetic } from './grade';
import { loadFiles } from './gsm8k';
import { generateSynthetic, syntheticQuestion } from './synthetic';

/**
 * Grade school math: synthetic problems (`data.source: 'synthetic'`), or question-and-answer JSONL such as GSM8K ('files').
 * Synthetic problems request the format ` 17-11=6; 6+4=10 #### 10`, files `Step 1: …` lines and `#### n`.
 *
 * `score` ignores the format, which `wellFormed` measures. `scores` has `strict` (only the number after `####`) and
 * `flexible`; for files these are the published extractions.
 */
const task: Task<MathProblem> = {
  name: 'grade-school-math',
  metric: 'accuracy',
  fileNames: fileNamesOf,
  load: (data, context) =>
    data.source === 'files' ? loadFiles(data, context) : Promise.resolve(generateSynthetic(data)),
  annotators,
  gold: goldAnswer,
  leakageText: (problem) => (problem.source === 'synthetic' ? syntheticQuestion(problem) : problem.question),
  score: (problem, completion, finish) =>
    problem.source === 'synthetic'
      ? scoreSynthetic(problem, completion, finish)
      : scoreFile(problem, completion, finish),
};

/** Revisions of stages cover this code, so it has no digest. */
export const gradeSchoolMath = definedAt(task, undefined);

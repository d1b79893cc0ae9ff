import { definedAt } from '../../contracts/code';
import type { Task } from '../../contracts/task';
import { fileNamesOf } from '../define/read-files';
import { annotators, goldAnswer, type MathProblem } from './annotators';
import { scoreFile, scoreSynthetic } from './grade';
import { loadFiles } from './gsm8k';
import { generateSynthetic, syntheticQuestion } from './synthetic';

/**
 * Grade school math, by its generated twin (`data.source` "twin") or from question-and-answer JSONL such as GSM8K
 * ("files"). The twin asks for ` 17-11=6; 6+4=10 #### 10`, the files for `Step 1: …` lines and `#### n`.
 *
 * `score` does not ask for the format: cold start then shows in the format rate and not twice. `scores` holds `strict`
 * (only the number after `####`) and `flexible`, of files as published.
 */
const task: Task<MathProblem> = {
  name: 'grade-school-math',
  metric: 'accuracy',
  fileNames: fileNamesOf,
  load: (data, context) =>
    data.source === 'files'
      ? loadFiles(data, context, (problem) => scoreFile(problem, problem.solution, 'stop').score === 1)
      : Promise.resolve(generateSynthetic(data)),
  annotators,
  gold: goldAnswer,
  leakageText: (problem) => (problem.source === 'synthetic' ? syntheticQuestion(problem) : problem.question),
  score: (problem, completion, finish) =>
    problem.source === 'synthetic'
      ? scoreSynthetic(problem, completion, finish)
      : scoreFile(problem, completion, finish),
};

/** Its code is the package's: the revisions of stages cover it. */
export const gradeSchoolMath = definedAt(task, undefined);

import { BudgetlineError } from '../../core/failures';
import type { Annotator, Random } from '../../contracts/task';
import { randomInteger, randomChoice } from '../random';
import type { FileProblem } from './gsm8k';
import {
  applyOperation,
  type Operation,
  renderAnswer,
  type Step,
  type SyntheticProblem,
  workSteps,
} from './synthetic';

export type MathProblem = SyntheticProblem | FileProblem;

/** The reference answer in the requested format. */
export function goldAnswer(problem: MathProblem): string {
  return problem.source === 'synthetic' ? renderAnswer(workSteps(problem)) : problem.solution;
}

/** Reads doubling as adding 2, tripling as adding 3. */
function misread(operation: Operation): Operation {
  return operation.sign === '*' ? { sign: '+', by: operation.by } : operation;
}

function majorityError(problem: SyntheticProblem, random: Random): string {
  const errs = random() < 0.7;
  const operations = errs ? problem.operations.map(misread) : problem.operations;
  return renderAnswer(workSteps({ start: problem.start, operations }));
}

function slip(problem: SyntheticProblem, random: Random): string {
  if (random() >= 0.3) return goldAnswer(problem);
  const at = randomInteger(random, 0, problem.operations.length - 1);
  const error = randomChoice(random, [-2, -1, 1, 2]);
  let before = problem.start;
  const steps = problem.operations.map((operation, index): Step => {
    const after = applyOperation(before, operation) + (index === at ? error : 0);
    const step = { ...operation, before, after };
    before = after;
    return step;
  });
  return renderAnswer(steps);
}

/** An annotator whose errors need a problem's operations, which only synthetic problems have. */
function syntheticAnnotator(
  name: string,
  description: string,
  demonstrate: (problem: SyntheticProblem, random: Random) => string,
): Annotator<MathProblem> {
  return {
    name,
    description,
    demonstrate(problem, random) {
      if (problem.source === 'synthetic') return demonstrate(problem, random);
      throw new BudgetlineError(
        'DEFINITION_INVALID',
        `annotator: "${name}" works on synthetic problems only, and data.source is "files".`,
        { remedy: 'Use annotator "clean" with files; it writes the reference answers of the file.' },
      );
    },
  };
}

export const annotators: readonly Annotator<MathProblem>[] = [
  {
    name: 'clean',
    description: 'Writes the reference solution every time.',
    demonstrate: goldAnswer,
  },
  syntheticAnnotator(
    'majority-error',
    'Misreads doubling as adding 2 and tripling as adding 3, on 70% of the problems that have one; the rest of the arithmetic is correct.',
    majorityError,
  ),
  syntheticAnnotator(
    'slip',
    'Makes one arithmetic slip of 1 or 2 in 30% of the demonstrations and computes on with it.',
    slip,
  ),
];

import { join } from 'node:path';
import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';

const folder = join(__dirname, 'data', 'own-annotations');
const origin = { source: 'Written by a program for this example', license: 'Apache-2.0' };

/**
 * User rows in place of an annotator and of sampled pairs: worked solutions from a CSV, ranked answers from JSON Lines.
 * Prompts are bare questions, which the task's prompt template is applied to. Preview the rows first:
 *   budgetline data preview examples/data/own-annotations/comparisons.jsonl --kind preferences \
 *     --definition examples/own-annotations.ts
 */
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'own-annotations',
  annotator: 'our-staff', // who wrote them: a name for reports
  annotations: {
    demonstrations: {
      ...origin,
      file: join(folder, 'solutions.csv'),
      columnMapping: { prompt: 'question', completion: 'worked' },
    },
    preferences: {
      ...origin,
      file: join(folder, 'comparisons.jsonl'),
      columnMapping: { prompt: 'question', completions: 'answers' },
    },
  },
  budgets: [32, 64],
  sftFractions: [1, 0.5, 0],
  evaluation: { items: 100, maxNewTokens: 48 },
});

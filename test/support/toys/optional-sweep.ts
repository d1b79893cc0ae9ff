import { defineSweep, type DefinitionOptions, gradeSchoolMathDefaults } from 'budgetline';
import sweep from './sweep';

/** Only with seeds it has the user's pipeline, so what a worker loads without options is another sweep. */
export default ({ seeds }: DefinitionOptions) =>
  seeds === undefined
    ? defineSweep({
        ...gradeSchoolMathDefaults,
        name: 'plain',
        annotator: 'clean',
        budgets: [32],
        sftFractions: [1],
      })
    : { ...sweep, seeds };

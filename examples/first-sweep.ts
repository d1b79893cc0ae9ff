import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';

// How should an annotation budget be split between worked solutions and preference pairs?
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'first-sweep',
  annotator: 'majority-error', // misreads doubling and tripling in most solutions; "clean" makes no errors
  budgets: [128, 256, 1024], // rows
  sftFractions: [1, 0.75, 0.5, 0.25, 0.1, 0], // fraction of the rows that are demonstrations
  seeds: [0],
});

import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';

// How should an annotation budget be split between worked solutions and preference pairs?
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'first-sweep',
  annotator: 'majority-error', // writes solutions that misread doubling and tripling; "clean" writes none
  budgets: [128, 256, 1024], // rows that the money buys
  sftFractions: [1, 0.75, 0.5, 0.25, 0.1, 0], // share of them that are worked solutions; the rest are pairs
  seeds: [0],
});

export { codeGeneration } from './code-generation/task';
export { parseProgram, type Program, programLimits } from './code-generation/expression';
export { syntheticDefaults } from './defaults';
export { defineTask } from './define/define-task';
export type { ItemScore, ItemAnnotator, RowSchema, TaskInput, TaskProblem } from './define/types';
export { gradeSchoolMathDefaults } from './grade-school-math/defaults';
export {
  defaultPretrainingMix,
  latentAnswer,
  latentPrompt,
  pretrainingDocuments,
  type PretrainingMix,
  type PretrainingOptions,
} from './grade-school-math/pretraining';
export { type MathScore, scoreMath } from './grade-school-math/score';
export { gradeSchoolMath } from './grade-school-math/task';
export { generateSynthetic, type SyntheticProblem } from './grade-school-math/synthetic';
export { vocabularyWords } from './grade-school-math/words';
export { helpfulness } from './helpfulness/task';
export { type InstructionScore, scoreInstructions } from './instruction-following/score';
export { instructionFollowing } from './instruction-following/task';
export {
  bothOrders,
  judgeBothOrders,
  type ProgramJudge,
  qualityJudge,
  scoreVerdicts,
  type WinScore,
} from './judging/judge';
export { lengthControlledWinRate } from './judging/length-control';
export { logicPuzzles } from './logic-puzzles/task';
export { summarization } from './summarization/task';

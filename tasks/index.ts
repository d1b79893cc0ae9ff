export { createRandom } from './random';
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
export { generateTwin, type TwinProblem } from './grade-school-math/twin';
export { vocabularyWords } from './grade-school-math/words';
export { type InstructionScore, scoreInstructions } from './instruction-following/score';

export {
  checkpointAnnotator,
  checkpointJudge,
  type CheckpointJudgeOptions,
  type CheckpointOptions,
} from './checkpoint';
export { endpointAnnotator } from './endpoint/annotator';
export { endpointJudge } from './endpoint/judge';
export type { EndpointJudgeOptions, EndpointOptions } from './endpoint/settings';
export { peopleAnnotator, type PeopleAnnotatorOptions, type PeopleOptions } from './people/annotator';
export { peopleJudge } from './people/judge';
export { PeopleQueue } from './people/queue';
export { preferenceAnnotator, type PreferenceAnnotatorOptions, type PreferenceProgram } from './preference';
export { withAnnotators } from './with-annotators';
export { withJudges } from './with-judges';
export { withPreferenceAnnotators } from './with-preference-annotators';

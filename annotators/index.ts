export { endpointAnnotator } from './endpoint/annotator';
export type { EndpointOptions } from './endpoint/settings';
export { peopleAnnotator, type PeopleOptions } from './people';
export { withAnnotators } from './with-annotators';

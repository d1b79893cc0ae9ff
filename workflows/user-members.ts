/**
 * Registers users' members. Empty here: the bundle of a worker that knows some has a list in its place
 * (workers/workflow-bundle).
 */
export {};

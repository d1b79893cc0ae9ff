/** Artifacts of a pipeline, each by the call that makes it. */
export const artifacts = {
  demonstrations: 'await stages.synthesizeData({ rows: 8 })',
  samples: "await stages.synthesizeData({ rows: 8, reference, what: 'rejection-samples' })",
  pairs: 'await stages.synthesizeData({ rows: 8, reference })',
  adapter: 'await stages.trainSft({ data: demonstrations })',
  reference: 'await stages.freezeReference({ adapter: null })',
  scores: 'await stages.evaluate({ reference })',
} as const;
export type Artifact = keyof typeof artifacts;

/** Each place that an artifact can take: a call, its field, and the artifacts that belong there. */
const places: readonly (readonly [call: string, field: string, fits: readonly Artifact[]])[] = [
  ['stages.trainSft({ data: _ })', 'data', ['demonstrations', 'samples']],
  ["stages.trainSft({ data: _, column: 'completion' })", 'data', ['demonstrations', 'samples']],
  ["stages.trainSft({ data: _, column: 'chosen' })", 'data', ['pairs']],
  ['stages.trainSft({ data: demonstrations, base: _ })', 'base', ['reference']],
  ['stages.trainPreference({ reference, data: _ })', 'data', ['pairs']],
  ['stages.trainPreference({ reference: _, data: pairs })', 'reference', ['reference']],
  ['stages.freezeReference({ adapter: _ })', 'adapter', ['adapter']],
  ['stages.evaluate({ reference: _ })', 'reference', ['reference']],
  ['stages.evaluate({ reference, adapter: _ })', 'adapter', ['adapter']],
  ['stages.evaluate({ reference, fewShot: _ })', 'fewShot', ['demonstrations', 'samples']],
  ['stages.synthesizeData({ rows: 8, reference: _ })', 'reference', ['reference']],
  ['stages.synthesizeData({ rows: 8, after: _ })', 'after', ['demonstrations']],
  ['stages.synthesizeData({ rows: 8, reference, after: _ })', 'after', ['pairs', 'samples']],
  [
    "stages.synthesizeData({ rows: 8, reference, what: 'rejection-samples', after: _ })",
    'after',
    ['pairs', 'samples'],
  ],
];

/** A call with an artifact in one of its fields. */
export interface ArtifactUse {
  readonly call: string;
  readonly field: string;
  readonly artifact: Artifact;
  readonly fits: boolean;
}

/** Each place with each artifact. */
export const artifactUses: readonly ArtifactUse[] = places.flatMap(([call, field, fits]) =>
  (Object.keys(artifacts) as Artifact[]).map((artifact) => ({
    call: call.replace('_', artifact),
    field,
    artifact,
    fits: fits.includes(artifact),
  })),
);

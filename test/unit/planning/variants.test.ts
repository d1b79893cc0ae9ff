import assert from 'node:assert/strict';
import { experimentDefinition } from '../../../schemas/definition';
import { definitionDigest, experimentOf, gridOf } from '../../../planning';
import { resolveSweep } from '../../support/planning/resolve';

const ownFields = ['budget', 'sftFraction', 'seed', 'spend'];
const mine = { module: './mine.ts', export: 'mine' };
const sharedFields = Object.keys(experimentDefinition.shape).filter((field) => !ownFields.includes(field));
const source = { source: 'a survey', license: 'CC0-1.0', annotator: 'people' };

describe('the experiment of a cell', () => {
  const sweep = resolveSweep({
    family: mine,
    pipeline: mine,
    stageKinds: [mine],
    annotations: { demonstrations: { file: 'rows.jsonl', ...source } },
  });
  const [point] = gridOf(sweep.definition);

  it('has every field that sweeps and experiments share, and is a whole definition', () => {
    const { definition } = experimentOf(sweep, point!);
    const before: Record<string, unknown> = { ...sweep.definition };
    const after: Record<string, unknown> = { ...definition };
    assert.ok(sharedFields.length >= 12);
    for (const field of sharedFields) {
      assert.notEqual(before[field], undefined, `the test's sweep has no ${field}`);
      assert.deepEqual(after[field], before[field], field);
    }
    assert.deepEqual(experimentDefinition.parse(definition), definition);
  });

  it('carries a field that is added to both', () => {
    const definition = { ...sweep.definition, addedLater: { rows: 7 } };
    const experiment = experimentOf({ ...sweep, definition }, point!);
    const expected = { ...experimentOf(sweep, point!).definition, addedLater: { rows: 7 } };
    assert.deepEqual(experiment.definition, expected);
  });
});

describe('the digest of a definition', () => {
  it('has the code of its stage kinds, also without a pipeline', () => {
    const digestWith = (digest: string, activity: string): string => {
      const member = { path: '/kinds.ts', export: 'kind', digest };
      const kind = { ...member, activity: { ...member, digest: activity } };
      return definitionDigest(resolveSweep({}, { members: { pipeline: undefined, stageKinds: [kind] } }));
    };
    const digests = [
      digestWith('a', 'b'),
      digestWith('c', 'b'),
      digestWith('a', 'c'),
      definitionDigest(resolveSweep()),
    ];
    assert.equal(new Set(digests).size, 4);
  });
});

import type { ReproducedStage, Reproduction } from '../../audit';
import { renderField } from './differences';
import type { Ink } from './ink';
import { countOf, joinList, padRight, wrap } from './text';

const words: Record<ReproducedStage['outcome'], string> = {
  same: '✓ the same bytes',
  other: '✗ other bytes',
  consequence: '✗ other bytes, from inputs that were other already',
  unmade: '– was not asked for again',
};

const unexplained =
  'Nothing that the record tells of its making differs: the record was changed, or a promise of equal bytes does not hold.';

function renderStage(
  { title, key, outcome, differences, recorded, made }: ReproducedStage,
  ink: Ink,
): string[] {
  const head = `  ${padRight(words[outcome], 17)}  ${title}  ${ink.faint(key.slice(0, 12))}`;
  if (outcome === 'same') return [head];
  const digests = outcome === 'unmade' ? [] : [{ field: 'bytes', a: recorded, b: made }];
  return [
    ink.bad(head),
    ...[...digests, ...differences].flatMap((difference) => renderField(difference, ink, '      ')),
    ...(outcome === 'other' && differences.length === 0 ? wrap(unexplained, { first: '      ' }) : []),
  ];
}

/** Stage by stage whether the bytes came out the same; A is the record, B what was made now. */
export function renderReproduction({ experimentId, reproduced, stages }: Reproduction, ink: Ink): string[] {
  const count = (wanted: ReproducedStage['outcome']): number =>
    stages.filter(({ outcome }) => outcome === wanted).length;
  const told = (Object.keys(words) as ReproducedStage['outcome'][]).flatMap((outcome) =>
    count(outcome) === 0 ? [] : [`${count(outcome)} ${words[outcome].slice(2)}`],
  );
  const verdict = reproduced ? 'is reproduced, byte for byte' : 'is not reproduced';
  return [
    ...stages.flatMap((stage) => renderStage(stage, ink)),
    '',
    ...wrap(`${experimentId} ${verdict}: ${countOf(stages.length, 'stage')}, ${joinList(told)}.`).map(
      ink.strong,
    ),
  ];
}

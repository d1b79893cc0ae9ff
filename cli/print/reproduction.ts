import type { ReproducedStage, Reproduction } from '../../audit';
import { renderField } from './differences';
import type { Ink } from './ink';
import { countOf, joinList, padRight, wrap } from './text';

const outcomeNames: Record<ReproducedStage['outcome'], string> = {
  identical: '✓ identical bytes',
  different: '✗ different bytes',
  'different-inputs': '✗ different bytes, because an input differs',
  'not-run': '– not run',
};

const unexplained =
  'The recorded environment is identical: either the record was changed, or training was not deterministic.';

function renderStage(
  { title, key, outcome, differences, recorded, made }: ReproducedStage,
  ink: Ink,
): string[] {
  const head = `  ${padRight(outcomeNames[outcome], 17)}  ${title}  ${ink.faint(key.slice(0, 12))}`;
  if (outcome === 'identical') return [head];
  const digests = outcome === 'not-run' ? [] : [{ field: 'bytes', a: recorded, b: made }];
  return [
    ink.bad(head),
    ...[...digests, ...differences].flatMap((difference) => renderField(difference, ink, '      ')),
    ...(outcome === 'different' && differences.length === 0 ? wrap(unexplained, { first: '      ' }) : []),
  ];
}

/** Whether each stage was reproduced byte for byte; A is the record, B the new run. */
export function renderReproduction({ experimentId, reproduced, stages }: Reproduction, ink: Ink): string[] {
  const count = (wanted: ReproducedStage['outcome']): number =>
    stages.filter(({ outcome }) => outcome === wanted).length;
  const counts = (Object.keys(outcomeNames) as ReproducedStage['outcome'][]).flatMap((outcome) =>
    count(outcome) === 0 ? [] : [`${count(outcome)} ${outcomeNames[outcome].slice(2)}`],
  );
  const verdict = reproduced ? 'was reproduced byte for byte' : 'was not reproduced';
  return [
    ...stages.flatMap((stage) => renderStage(stage, ink)),
    '',
    ...wrap(`${experimentId} ${verdict}: ${countOf(stages.length, 'stage')}, ${joinList(counts)}.`).map(
      ink.strong,
    ),
  ];
}

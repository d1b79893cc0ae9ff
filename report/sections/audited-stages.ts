import { type AuditedAttempt, namedEvaluations, type RunTimeline } from '../../contracts/run-timeline';
import { formatCount, formatDuration, formatInterval, formatScore, formatUsd } from '../format';
import { html, type Html } from '../html';
import { number, section, table } from './parts';

/** Why an attempt ended, and its trainer's warnings. */
function reasonOf({ message, warnings }: AuditedAttempt): string {
  const warned = warnings.map(({ code, message: words }) => `Warning ${code}: ${words}`);
  return [...(message === null ? [] : [message]), ...warned].join(' ');
}

const notMeasured = 'not measured';
const cpuOf = ({ cpuMs }: AuditedAttempt): string => (cpuMs === null ? notMeasured : formatDuration(cpuMs));
const memoryOf = ({ peakMemoryBytes: bytes }: AuditedAttempt): string =>
  bytes === null ? notMeasured : `${formatCount(Math.round(bytes / 2 ** 20))} MiB`;

export function attemptsTable({ stages }: RunTimeline): Html {
  const rows = stages.flatMap((stage) =>
    stage.attempts.map((attempt) => ({
      cells: [
        stage.title,
        stage.cell ?? '',
        attempt.attempt,
        attempt.outcome,
        attempt.code ?? '',
        reasonOf(attempt),
        attempt.startedAt,
        formatDuration(attempt.wallMs),
        formatDuration(attempt.deviceMs),
        cpuOf(attempt),
        memoryOf(attempt),
        attempt.usd === null ? '' : formatUsd(attempt.usd),
        attempt.host,
        attempt.actor,
      ],
    })),
  );
  const texts = ['Outcome', 'Code', 'Reason', 'Began', 'Wall time', 'Device time'];
  const used = ['Processor', 'Peak memory', 'Paid'];
  const columns = [
    { title: 'Stage' },
    { title: 'Cell' },
    { title: 'Attempt' },
    ...texts.map((title) => ({ title, text: title === 'Reason', number: title.endsWith('time') })),
    ...used.map((title) => ({ title, number: true })),
    ...[{ title: 'Host' }, { title: 'Actor' }],
  ];
  return table({ caption: 'All attempts of this run', columns, rows });
}

/** Stages that other runs made, and attempts of other runs at stages of this one. They are not in the totals. */
export function sharedSection({ stages }: RunTimeline): Html {
  const rows = stages.flatMap(({ title, state, madeBy, shared }) => {
    const others = [...new Set(shared.map(({ experimentId }) => experimentId))];
    const by = others.map((id) => {
      const outcomes = shared.flatMap((one) => (one.experimentId === id ? [one.outcome] : []));
      return `${id}: ${outcomes.join(', ')}`;
    });
    if (state !== 'reused' && by.length === 0) return [];
    return [
      { cells: [title, state === 'reused' ? (madeBy ?? 'an unknown run') : 'this run', by.join('; ')] },
    ];
  });
  if (rows.length === 0) return html``;
  const columns = [{ title: 'Stage' }, { title: 'Made by' }, { title: 'Attempts of other runs', text: true }];
  const caption = 'Stages that this run shares with others; their attempts are not in the totals';
  return section({ id: 'shared', title: 'Shared stages' }, table({ caption, columns, rows }));
}

/** Scores of evaluations by the ledger: the task that is tuned for, and auxiliary tasks. */
export function foundSection(timeline: RunTimeline): Html {
  const rows = namedEvaluations(timeline).flatMap(({ name, stage }) =>
    stage.scores.map(({ auxiliary, items, score, low, high }) => ({
      cells: [
        name,
        auxiliary ?? 'task',
        formatScore(score),
        formatInterval({ low, high }),
        formatCount(items),
      ],
    })),
  );
  if (rows.length === 0) return html``;
  const columns = [{ title: 'Cell' }, { title: 'Task' }, number('Score'), { title: '95% interval' }];
  return section(
    { id: 'scores', title: 'Scores' },
    table({ caption: 'Scores of evaluations', columns: [...columns, number('Items')], rows }),
  );
}

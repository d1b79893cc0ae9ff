import {
  type AuditedAttempt,
  type AuditedStage,
  type RunTimeline,
  describeTotals,
} from '../contracts/run-timeline';
import { renderDocument } from './document';
import { formatCount, formatDuration, formatUsd } from './format';
import { html, type Html } from './html';
import { section, table } from './sections/parts';
import { attemptsTable, foundSection, sharedSection } from './sections/audited-stages';

const rowHeight = 24;
const titleWidth = 300;
const labelWidth = titleWidth + 124;
const chartWidth = 500;
const margin = { top: 28, bottom: 8, right: 20 };

/** Fills by outcome. An attempt that is still open has no fill, so that colour is not the only difference. */
const fills: Readonly<Record<AuditedAttempt['outcome'], string>> = {
  published: 'var(--series-3)',
  answered: 'var(--series-3)',
  failed: 'var(--series-2)',
  yielded: 'var(--series-5)',
  cancelled: 'var(--series-4)',
  lost: 'var(--muted)',
  open: 'none',
};

const minuteOf = (time: string): string => time.slice(0, 19).replace('T', ' ');

interface Scale {
  readonly fromMs: number;
  readonly spanMs: number;
}

const place = ({ fromMs, spanMs }: Scale, time: string): number =>
  labelWidth + (Math.max(0, Date.parse(time) - fromMs) / spanMs) * chartWidth;

/** From the run's opening to the end of its work. Later starts that found all artifacts do not extend it. */
function scaleOf({ stages, openedAt, lastAt }: RunTimeline): Scale {
  const own = stages.flatMap(({ attempts }) => attempts);
  const asked = stages.flatMap(({ requestedAt }) => requestedAt ?? []);
  const begun = [openedAt, ...asked, ...own.map(({ startedAt }) => startedAt)];
  const ended = own.map(({ endedAt }) => endedAt ?? lastAt);
  const fromMs = Math.min(...begun.map((time) => Date.parse(time)));
  const toMs = Math.max(...(ended.length === 0 ? [lastAt] : ended).map((time) => Date.parse(time)));
  return { fromMs, spanMs: Math.max(1, toMs - fromMs) };
}

function describeAttempt(stage: AuditedStage, attempt: AuditedAttempt): string {
  const { outcome, code, wallMs, startedAt, host } = attempt;
  const reason = code === null ? '' : ` (${code})`;
  return `${stage.title}, attempt ${attempt.attempt}: ${outcome}${reason}, ${formatDuration(wallMs)} from ${startedAt} on ${host}`;
}

function attemptBar(
  stage: AuditedStage,
  attempt: AuditedAttempt,
  [scale, y, lastAt]: [Scale, number, string],
): Html {
  const from = place(scale, attempt.startedAt);
  const to = place(scale, attempt.endedAt ?? lastAt);
  const fill = fills[attempt.outcome];
  const ticks = attempt.checkpoints.map(({ at }) => {
    const x = place(scale, at).toFixed(1);
    return html`<line x1="${x}" x2="${x}" y1="${y + 4}" y2="${y + rowHeight - 6}" stroke="var(--paper)" />`;
  });
  return html`<g class="attempt" data-outcome="${attempt.outcome}">
    <title>${describeAttempt(stage, attempt)}</title>
    <rect
      x="${from.toFixed(1)}"
      y="${y + 4}"
      width="${Math.max(2, to - from).toFixed(1)}"
      height="${rowHeight - 10}"
      rx="2"
      fill="${fill}"
      stroke="var(--ink)"
      stroke-width="0.6"
    ></rect>
    ${ticks}
  </g>`;
}

function waitingLine(stage: AuditedStage, scale: Scale, y: number): Html | null {
  const [first] = stage.attempts;
  if (stage.requestedAt === null || first === undefined) return null;
  const middle = y + rowHeight / 2 - 1;
  const [from, to] = [place(scale, stage.requestedAt).toFixed(1), place(scale, first.startedAt).toFixed(1)];
  return html`<line
    x1="${from}"
    x2="${to}"
    y1="${middle}"
    y2="${middle}"
    stroke="var(--muted)"
    stroke-dasharray="2 3"
  />`;
}

/** A stage's line: title, waiting time, attempts. */
function stageLine(stage: AuditedStage, scale: Scale, [y, lastAt]: [number, string]): Html {
  const title = stage.title.length > 42 ? `${stage.title.slice(0, 41)}…` : stage.title;
  const found = stage.state === 'reused' && stage.requestedAt !== null;
  const mark = html`<circle
    cx="${place(scale, stage.requestedAt ?? '').toFixed(1)}"
    cy="${y + rowHeight / 2 - 1}"
    r="4"
    fill="none"
    stroke="var(--ink)"
    ><title>${stage.title}: made by ${stage.madeBy ?? 'an unknown run'}</title></circle
  >`;
  return html`<text x="0" y="${y + 16}" font-size="13" fill="var(--ink)">${title}</text>
    <text x="${titleWidth}" y="${y + 16}" font-size="12" fill="var(--muted)">${stage.cell ?? ''}</text>
    ${waitingLine(stage, scale, y)}
    ${stage.attempts.map((attempt) => attemptBar(stage, attempt, [scale, y, lastAt]))} ${found ? mark : null}`;
}

function timeline(run: RunTimeline): Html {
  const scale = scaleOf(run);
  const height = margin.top + run.stages.length * rowHeight + margin.bottom;
  const width = labelWidth + chartWidth + margin.right;
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const x = labelWidth + share * chartWidth;
    return html`<line x1="${x}" x2="${x}" y1="${margin.top - 6}" y2="${height}" stroke="var(--grid)" />
      <text x="${x}" y="14" font-size="12" text-anchor="${share === 1 ? 'end' : 'middle'}" fill="var(--muted)"
        >${formatDuration(share * scale.spanMs)}</text
      >`;
  });
  const lines = run.stages.map((stage, index) =>
    stageLine(stage, scale, [margin.top + index * rowHeight, run.lastAt]),
  );
  return html`<div class="scroll" role="region" aria-label="Timeline of every attempt" tabindex="0">
    <svg
      role="img"
      aria-labelledby="timeline-title"
      width="${width}"
      height="${height}"
      viewBox="0 0 ${width} ${height}"
    >
      <title id="timeline-title">Every attempt at every stage, over time</title>
      ${marks} ${lines}
    </svg>
  </div>`;
}

function interventionsTable({ interventions }: RunTimeline): Html {
  if (interventions.length === 0) return html`<p>Nobody paused, resumed, cancelled or changed the run.</p>`;
  const rows = interventions.map(({ at, actor, what }) => ({ cells: [at, actor, what] }));
  return table({
    caption: 'What people did to the run, in order',
    columns: [{ title: 'When' }, { title: 'Who' }, { title: 'What', text: true }],
    rows,
  });
}

function processorText({ cpuMs, cpuUnknown }: RunTimeline['totals']): string {
  const unknown = cpuUnknown === 0 ? '' : `, not measured in ${cpuUnknown} attempts`;
  return `${(cpuMs / 3_600_000).toFixed(4)} h${unknown}`;
}

function facts({ totals, state }: RunTimeline): Html {
  const entries = [
    ['State', state.reason === null ? state.is : `${state.is}: ${state.reason}`],
    ['Work', describeTotals(totals)],
    ['Working', formatDuration(totals.workingMs)],
    ['Waiting', formatDuration(totals.waitingMs)],
    ['Device', `${(totals.deviceMs / 3_600_000).toFixed(4)} h`],
    ['Processor', processorText(totals)],
    ['Tokens', formatCount(totals.tokens)],
    ['Paid for annotation', formatUsd(totals.usd)],
  ] as const;
  return html`<dl class="facts">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function seal({ anchor, definitionDigest, workflows }: RunTimeline): Html {
  const head =
    anchor === null
      ? 'none: the run is still open, or ended without an anchor'
      : `${anchor.head}, after ${anchor.lines} lines`;
  const signed = anchor?.signedBy ?? 'no key';
  return html`<p>
    Definition <span class="mono">${definitionDigest}</span>. Anchored head <span class="mono">${head}</span>,
    signed by <span class="mono">${signed}</span>. ${workflows.length} workflow histories.
  </p>`;
}

const legend =
  'A bar is an attempt, its strokes are checkpoints: green published, orange failed, yellow yielded, pink was cancelled, grey was lost. A dotted line is waiting time, a ring a stage of another run. Point at a bar for the reason; the table below has all of them.';

/**
 * Renders a run's audit as one page.
 *
 * @returns an HTML document that runs no script, fetches nothing, and is the same bytes for the same input.
 */
export function renderAuditPage(run: RunTimeline): string {
  const { experimentId, openedAt, openedBy, lastAt } = run;
  return renderDocument({
    title: `${experimentId}: audit`,
    hasImages: false,
    body: html`<header>
        <h1>${experimentId}</h1>
        <p class="lead">Opened ${minuteOf(openedAt)} by ${openedBy}; last entry ${minuteOf(lastAt)} (UTC).</p>
        ${facts(run)}
      </header>
      <main id="main">
        ${section({ id: 'timeline', title: 'Timeline' }, html`<p>${legend}</p>`, timeline(run))}
        ${section({ id: 'attempts', title: 'Attempts' }, attemptsTable(run))} ${sharedSection(run)}
        ${foundSection(run)} ${section({ id: 'people', title: 'What people did' }, interventionsTable(run))}
        ${section({ id: 'seal', title: 'Integrity' }, seal(run))}
      </main>`,
  });
}

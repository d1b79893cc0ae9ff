import { labelQuality, type LabelQuality } from '../../analysis';
import { gatherLabels } from '../../contracts/labels';
import type { Estimate } from '../../contracts/analysis/estimate';
import type { CellResult } from '../../contracts/results';
import type { StageResult } from '../../contracts/stage';
import { expectedPairYield } from '../../stages';
import { formatBudget, formatCount, formatInterval, formatScore, formatShare } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { distinctStages } from '../stages';
import { orderedCells } from './order';
import { number, section, table } from './parts';

const metric = (stage: StageResult, name: string): number => stage.metrics[name] ?? 0;

const total = (stages: readonly StageResult[], name: string): number =>
  stages.reduce((sum, stage) => sum + metric(stage, name), 0);

const counted = (count: number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** Rows and prompts over their length limits. */
function fitWords({ definition }: ReportInput, stages: readonly StageResult[]): Html {
  const long = total(stages, 'overlengthRows');
  const cut = total(stages, 'truncatedPrompts');
  if (long === 0 && cut === 0)
    return html`<p>Every row and prompt is within its length limit; nothing was truncated or dropped.</p>`;
  const policies = [definition.sft, definition.preference]
    .map(({ maxLength, onOverlength }) => `${formatCount(maxLength)} tokens, "${onOverlength}"`)
    .join(' and ');
  return html`<p>
    ${counted(long, 'row is', 'rows are')} longer than the limit of SFT and preference tuning (${policies});
    ${counted(cut, 'prompt was', 'prompts were')} truncated for generation. A row that several stages read
    counts in each.
  </p>`;
}

/** Rows that no stage used. All stages of a file have the same counts. */
function describeExcludedRows(stages: readonly StageResult[]): Html {
  const most = (name: string): number => Math.max(0, ...stages.map((stage) => metric(stage, name)));
  const [excluded, dropped] = [most('excluded'), most('dropped')];
  const refused = total(stages, 'refused');
  const refusals =
    refused === 0
      ? html``
      : html`<p>
          ${counted(refused, 'row was', 'rows were')} refused by the annotator and left out; a row that
          several data stages ask for counts in each.
        </p>`;
  if (excluded === 0 && dropped === 0) return refusals;
  return html`${refusals}
    <p>
      ${counted(excluded, 'row', 'rows')} of the task’s files were dropped as repeats or as overlaps with test
      items; ${counted(dropped, 'row', 'rows')} of an annotation file by its policies.
    </p>`;
}

function pairCells(stage: StageResult, reasons: readonly string[]): string[] {
  return [
    formatCount(metric(stage, 'rows')),
    formatCount(metric(stage, 'promptsScanned')),
    formatCount(metric(stage, 'samples')),
    formatShare(metric(stage, 'yield'), 0),
    ...reasons.map((reason) => formatCount(stage.skipped?.[reason] ?? 0)),
  ];
}

interface SampledStage {
  readonly cell: CellResult['cell'];
  readonly stage: StageResult;
}

/** Stages of the table of pairs, each with the cell that first used it. */
function sampledStages({ result }: ReportInput): SampledStage[] {
  const seen = new Set<string>();
  return orderedCells(result).flatMap(({ cell, stages }) =>
    stages
      .filter(({ key, metrics }) => {
        const fresh = metrics['promptsScanned'] !== undefined && !seen.has(key);
        seen.add(key);
        return fresh;
      })
      .map((stage) => ({ cell, stage })),
  );
}

/** Reasons for which some prompt was skipped. */
const reasonsIn = (sampled: readonly SampledStage[]): string[] => [
  ...new Set(
    sampled.flatMap(({ stage: { skipped = {} } }) => Object.keys(skipped).filter((name) => skipped[name])),
  ),
];

function pairTable(input: ReportInput): Html {
  const sampled = sampledStages(input);
  if (sampled.length === 0) return html``;
  const reasons = reasonsIn(sampled);
  return table({
    caption:
      'Pair synthesis: prompts of the pool in order, until there were enough pairs. The last columns count prompts that yielded none, by reason',
    columns: [
      { title: 'First used by' },
      { title: 'Stage' },
      number('Pairs'),
      number('Prompts'),
      number('Samples'),
      number('Yield'),
      ...reasons.map((reason) => number(`Skipped: ${reason.replaceAll('-', ' ')}`)),
    ],
    rows: sampled.map(({ cell, stage }) => ({
      cells: [
        `${formatBudget(cell.budget, cell.budgetUnit ?? 'rows')}, SFT share ${cell.sftFraction.toString()}, seed ${cell.seed.toString()}`,
        stage.title,
        ...pairCells(stage, reasons),
      ],
    })),
  });
}

/** Verifier calls of stages that sample, at the yield that plans assume and as made. */
function yieldWords(stages: readonly StageResult[]): Html {
  const sampled = stages.filter(({ metrics }) => (metrics['verifierCalls'] ?? 0) > 0);
  if (sampled.length === 0) return html``;
  const planned = sampled.reduce((sum, stage) => {
    const candidates = metric(stage, 'samples') / metric(stage, 'promptsScanned');
    return sum + (metric(stage, 'rows') / expectedPairYield) * candidates;
  }, 0);
  const yields = sampled.map((stage) => metric(stage, 'yield'));
  const [low, high] = [Math.min(...yields), Math.max(...yields)].map((one) => formatShare(one, 0));
  const measured = formatShare(total(sampled, 'rows') / total(sampled, 'promptsScanned'), 0);
  return html`<p>
    Verifier calls for samples: ${formatCount(Math.round(planned))} at the yield that budgets assume
    (${formatShare(expectedPairYield, 0)}), ${formatCount(total(sampled, 'verifierCalls'))} made. Measured
    yield: ${measured}${sampled.length > 1 ? `, by stage ${low ?? ''} to ${high ?? ''}` : ''}.
  </p>`;
}

const shareOf = (part: number, whole: number): string => (whole === 0 ? '–' : formatShare(part / whole, 0));

function alphaText(alpha: Estimate | null): string {
  if (alpha === null) return '–';
  const { estimate, low, high } = alpha;
  return formatScore(estimate) + (low === null || high === null ? '' : ` (${formatInterval({ low, high })})`);
}

/** Noise and agreement of labels. */
function labelTable(found: readonly LabelQuality[]): Html {
  if (found.length === 0) return html``;
  return table({
    caption:
      'Label quality: rows that the task’s verifier contradicts, and agreement of repeated labels. α is Krippendorff’s: 1 if all agree, 0 if they agree as by chance; its 95% interval is over items. A row that several evaluations share counts in each',
    columns: [
      { title: 'Labels of' },
      number('Verified rows'),
      number('Contradicted'),
      number('Share'),
      number('Pairs of labels'),
      number('Agree'),
      number('Share'),
      number('α'),
    ],
    rows: found.map(({ of, checked, verifierMismatches, compared, alike, alpha }) => ({
      cells: [
        of,
        ...[formatCount(checked), formatCount(verifierMismatches), shareOf(verifierMismatches, checked)],
        ...[formatCount(compared), formatCount(alike), shareOf(alike, compared), alphaText(alpha)],
      ],
    })),
  });
}

/** Ties, refusals and position bias of preference labels. */
function preferenceTable(found: readonly LabelQuality[]): Html {
  const rows = found.flatMap(({ of, preferences }) => (preferences === null ? [] : [{ of, ...preferences }]));
  if (rows.length === 0) return html``;
  return table({
    caption:
      'Preference labels of the largest dataset. An annotator without position bias chooses the answer shown first as often as the other: every second label saw the answers swapped. An item changes with the order if each order prefers the answer in the same place',
    columns: [
      { title: 'Labels of' },
      number('Labels'),
      number('Ties'),
      number('Refusals'),
      number('Unreadable'),
      number('First shown chosen'),
      number('Items in both orders'),
      number('Change with the order'),
    ],
    rows: rows.map((row) => ({
      cells: [
        row.of,
        ...[row.labels, row.ties, row.refusals, row.unreadable].map(formatCount),
        shareOf(row.firstShown, row.decided),
        ...[row.orderCompared, row.orderFlips].map(formatCount),
      ],
    })),
  });
}

/** Each warning with its stage. */
function warningList(stages: readonly StageResult[]): Html {
  const given = stages.flatMap(({ title, warnings = [] }) => warnings.map((each) => ({ title, ...each })));
  if (given.length === 0) return html``;
  return html`<p>Warnings of the trainer:</p>
    <ul>
      ${given.map(({ title, code, message }) => html`<li>${title}: ${message} (${code})</li>`)}
    </ul>`;
}

/** Lengths, warnings, label quality, and the yield of pair synthesis. */
export function dataSection(input: ReportInput): Html {
  const stages = distinctStages(input.result);
  const labels = labelQuality(gatherLabels(stages));
  return section(
    { id: 'data', title: 'Data' },
    fitWords(input, stages),
    describeExcludedRows(stages),
    warningList(stages),
    labelTable(labels),
    preferenceTable(labels),
    pairTable(input),
    yieldWords(stages),
  );
}

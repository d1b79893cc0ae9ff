import { labelQuality } from '../../analysis';
import { gatherLabels } from '../../contracts/labels';
import type { Estimate } from '../../contracts/analysis';
import type { StageResult } from '../../contracts/stage';
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

/** What became of text that is longer than the definition allows. */
function fitWords({ definition }: ReportInput, stages: readonly StageResult[]): Html {
  const long = total(stages, 'overlengthRows');
  const cut = total(stages, 'truncatedPrompts');
  if (long === 0 && cut === 0)
    return html`<p>Every row and every prompt fitted its length limit; nothing was cut or left out.</p>`;
  const policies = [definition.sft, definition.preference]
    .map(({ maxLength, onOverlength }) => `${formatCount(maxLength)} tokens, "${onOverlength}"`)
    .join(' and ');
  return html`<p>
    ${counted(long, 'row was', 'rows were')} longer than the limit of SFT and preference tuning (${policies});
    ${counted(cut, 'prompt was', 'prompts were')} cut for generation. A row that several stages read counts in
    each.
  </p>`;
}

/** Rows that no stage used; all stages of a file say the same of it. */
function excludedRowsWords(stages: readonly StageResult[]): Html {
  const most = (name: string): number => Math.max(0, ...stages.map((stage) => metric(stage, name)));
  const [excluded, dropped] = [most('excluded'), most('dropped')];
  if (excluded === 0 && dropped === 0) return html``;
  return html`<p>
    ${counted(excluded, 'row', 'rows')} of the task’s files were left out, as repeats or for being like a row
    that is tested; ${counted(dropped, 'row', 'rows')} of a file of annotations by its policies.
  </p>`;
}

function pairCells(stage: StageResult): string[] {
  const { 'all-right': allRight = 0, 'all-wrong': allWrong = 0, ...others } = stage.skipped ?? {};
  return [
    formatCount(metric(stage, 'rows')),
    formatCount(metric(stage, 'promptsScanned')),
    formatCount(metric(stage, 'samples')),
    formatShare(metric(stage, 'yield'), 0),
    formatCount(allRight),
    formatCount(allWrong),
    formatCount(Object.values(others).reduce((sum, count) => sum + count, 0)),
  ];
}

/** Which cell first used a set of pairs: their titles alone do not tell whose samples they are. */
function pairRows({ result }: ReportInput): { cells: string[] }[] {
  const seen = new Set<string>();
  return orderedCells(result).flatMap(({ cell, stages }) =>
    stages
      .filter(({ key, kind, metrics }) => {
        const fresh = kind === 'synthesizeData' && metrics['promptsScanned'] !== undefined && !seen.has(key);
        seen.add(key);
        return fresh;
      })
      .map((stage) => ({
        cells: [
          `${formatBudget(cell.budget, cell.budgetUnit ?? 'rows')}, r = ${cell.sftFraction.toString()}, seed ${cell.seed.toString()}`,
          ...pairCells(stage),
        ],
      })),
  );
}

function pairTable(input: ReportInput): Html {
  const rows = pairRows(input);
  if (rows.length === 0) return html``;
  return table({
    caption:
      'How the pairs were made: prompts of the pool in order, until there were enough. A prompt whose samples are all right or all wrong gives none',
    columns: [
      { title: 'First used by' },
      number('Pairs'),
      number('Prompts'),
      number('Samples'),
      number('Gave a pair'),
      number('All right'),
      number('All wrong'),
      number('Other'),
    ],
    rows,
  });
}

const shareOf = (part: number, whole: number): string => (whole === 0 ? '–' : formatShare(part / whole, 0));

function alphaText(alpha: Estimate | null): string {
  if (alpha === null) return '–';
  const { estimate, low, high } = alpha;
  return formatScore(estimate) + (low === null || high === null ? '' : ` (${formatInterval({ low, high })})`);
}

/** What is known of how far labels can be trusted. */
function labelTable(stages: readonly StageResult[]): Html {
  const found = labelQuality(gatherLabels(stages));
  if (found.length === 0) return html``;
  return table({
    caption:
      'How far the labels can be trusted: rows held against the task’s own check, and pairs of labels that the same answers were given. α is Krippendorff’s: 1 where all agree, 0 where they agree as by chance; its 95 % interval covers other items. A row that several evaluations share counts in each',
    columns: [
      { title: 'Labels of' },
      number('Checked rows'),
      number('Contradicted'),
      number('Share'),
      number('Pairs of labels'),
      number('Alike'),
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

/** Each warning with the stages that gave it. */
function warningList(stages: readonly StageResult[]): Html {
  const given = stages.flatMap(({ title, warnings = [] }) => warnings.map((each) => ({ title, ...each })));
  if (given.length === 0) return html``;
  return html`<p>The trainer warned:</p>
    <ul>
      ${given.map(({ title, code, message }) => html`<li>${title}: ${message} (${code})</li>`)}
    </ul>`;
}

/** Lengths, warnings, trust in the labels, and the yield of the pairs. */
export function dataSection(input: ReportInput): Html {
  const stages = distinctStages(input.result);
  return section(
    { id: 'data', title: 'Data' },
    fitWords(input, stages),
    excludedRowsWords(stages),
    warningList(stages),
    labelTable(stages),
    pairTable(input),
  );
}

import { BudgetlineError } from '../../contracts/failures';
import { nameOf, type Cell } from '../comparison/cells';
import type { ExportEvidence } from './evidence';

/** A value in YAML: JSON is YAML, and quotes whatever could be read as something else. */
const yaml = (value: unknown): string => JSON.stringify(value);

function bestOf(cells: readonly Cell[]): Cell | undefined {
  return [...cells].sort((a, b) => b.evaluation.score - a.evaluation.score)[0];
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A model's name on the hub; a folder or the embedded model has none there. */
const hubName = (model: string): string | null => (/^[\w.-]+\/[\w.-]+$/.test(model) ? model : null);

function frontMatter(best: Cell, { story }: ExportEvidence): string[] {
  const { task, model } = story.definition as { task?: unknown; model?: unknown };
  const base = hubName(text(model));
  const { score, ...others } = best.evaluation;
  const metrics = Object.entries({ score, ...others }).filter(([, value]) => typeof value === 'number');
  return [
    '---',
    'library_name: peft',
    'pipeline_tag: text-generation',
    ...(base === null ? [] : [`base_model: ${yaml(base)}`]),
    'tags:',
    ...['budgetline', 'sft', 'dpo', text(task)].map((tag) => `- ${yaml(tag)}`),
    'model-index:',
    `- name: ${yaml(story.experimentId)}`,
    '  results:',
    '  - task:',
    '      type: text-generation',
    '    dataset:',
    `      name: ${yaml(text(task))}`,
    `      type: ${yaml(text(task))}`,
    '    metrics:',
    ...metrics.flatMap(([name, value]) => [`    - type: ${yaml(name)}`, `      value: ${yaml(value)}`]),
    '---',
  ];
}

/** Text of others in Markdown: nothing of it is markup. */
const escape = (value: string): string => value.replace(/[\\`*_{}[\]<>#|!]/g, (mark) => `\\${mark}`);

function lineage(best: Cell): string[] {
  return best.stages.map(({ title, key, digest }) => `| ${escape(title)} | \`${key}\` | \`${digest}\` |`);
}

/** Every cell's score, and those of tasks beside. */
function scoreTable(cells: readonly Cell[]): string[] {
  const others = [...new Set(cells.flatMap(({ evaluation }) => evaluation.beside.map(({ name }) => name)))];
  const row = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  const rows = cells.map((cell) => {
    const { score, beside } = cell.evaluation;
    const besideOf = (other: string): string =>
      beside.find(({ name }) => name === other)?.score.toFixed(3) ?? '–';
    return row([escape(nameOf(cell)), score.toFixed(3), ...others.map(besideOf)]);
  });
  const head = ['cell', 'score', ...others.map(escape)];
  return [row(head), row(head.map(() => '---')), ...rows];
}

/** What the scores do not say. */
function limits({ evaluation: { beside } }: Cell): string {
  const own = 'The score is that of one task, by its own verifier or judge, on its own test items.';
  const names = beside.map(({ name }) => `“${escape(name)}”`).join(', ');
  const others =
    beside.length === 0
      ? 'What else the model does nobody has measured here.'
      : `Of what else the model does nobody has measured more than ${names}.`;
  return `${own} ${others} Licences of the base model and the data hold for it too.`;
}

/**
 * A model card for the hub: of the run's model with the best score, with where it comes from.
 *
 * @throws BudgetlineError INPUT_MISSING where no cell has ended
 */
export function renderModelCard(evidence: ExportEvidence): string {
  const { story } = evidence;
  const cells = evidence.cells();
  const best = bestOf(cells);
  if (best === undefined)
    throw new BudgetlineError(
      'INPUT_MISSING',
      `No cell of ${story.experimentId} has ended: there is no model.`,
    );
  const { annotator, model } = story.definition as { annotator?: unknown; model?: unknown };
  const { anchor } = story;
  const signed =
    anchor?.signedBy === null || anchor === null ? 'unsigned' : `signed by \`${anchor.signedBy}\``;
  return [
    ...frontMatter(best, evidence),
    '',
    `# ${escape(story.experimentId)}: ${escape(nameOf(best))}`,
    '',
    `Trained by Budgetline from the base model “${escape(text(model))}” on annotations by “${escape(text(annotator))}”: of ${cells.length} splits of the budget the one with the best score. Chosen by the scores below, so its own is likely to be a little too high.`,
    '',
    ...['## Where it comes from', '', '| stage | key | SHA-256 of its files |', '|---|---|---|'],
    ...lineage(best),
    '',
    `Definition \`${story.definitionDigest}\`; ledger head \`${anchor?.head ?? 'none'}\`, ${signed}.`,
    '',
    ...['## Scores of the sweep', ''],
    ...scoreTable(cells),
    '',
    '## Limits',
    '',
    limits(best),
    '',
  ].join('\n');
}

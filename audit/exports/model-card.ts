import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import { parseHubReference } from '../../contracts/hub';
import { nameOf, type Cell } from '../comparison/cells';
import type { ExportEvidence } from './evidence';

/** A value in YAML: JSON is YAML, and quotes whatever could be read as something else. */
const yaml = (value: unknown): string => JSON.stringify(value);

function bestOf(cells: readonly Cell[]): Cell | undefined {
  return [...cells].sort((a, b) => b.evaluation.score - a.evaluation.score)[0];
}

/** What of stages' specs a card says. */
const specShape = z.looseObject({
  what: z.string().optional(),
  annotator: z.string().optional(),
  rows: z.number().optional(),
  loss: z.looseObject({ name: z.string() }).optional(),
});

/** The specs of the stages behind a cell of one kind, as their manifests have them. */
function specsOf(cell: Cell, kind: string, { manifests }: ExportEvidence): z.infer<typeof specShape>[] {
  const keys = cell.stages.filter((stage) => stage.kind === kind).map(({ key }) => key);
  return keys.flatMap((key) => {
    const { data } = specShape.safeParse(manifests.get(key)?.spec);
    return data === undefined ? [] : [data];
  });
}

/** The cell's own training, as tags of the hub: "sft", and the name of the preference loss. */
function trainingTags(best: Cell, evidence: ExportEvidence): string[] {
  const sft = best.stages.some(({ kind }) => kind === 'trainSft') ? ['sft'] : [];
  const losses = specsOf(best, 'trainPreference', evidence).flatMap(({ loss }) => loss?.name ?? []);
  return [...sft, ...losses.map((name) => (name === 'sigmoid' ? 'dpo' : name))];
}

function frontMatter(best: Cell, evidence: ExportEvidence): string[] {
  const { task, model } = best.cell;
  const base = parseHubReference(model);
  const { score, ...others } = best.evaluation;
  const metrics = Object.entries({ score, ...others }).filter(([, value]) => typeof value === 'number');
  return [
    '---',
    'library_name: peft',
    'pipeline_tag: text-generation',
    ...(base === null ? [] : [`base_model: ${yaml(base.name)}`]),
    'tags:',
    ...['budgetline', ...trainingTags(best, evidence), task].map((tag) => `- ${yaml(tag)}`),
    'model-index:',
    `- name: ${yaml(evidence.story.experimentId)}`,
    '  results:',
    '  - task:',
    '      type: text-generation',
    '    dataset:',
    `      name: ${yaml(task)}`,
    `      type: ${yaml(task)}`,
    '    metrics:',
    ...metrics.flatMap(([name, value]) => [`    - type: ${yaml(name)}`, `      value: ${yaml(value)}`]),
    '---',
  ];
}

/** Text of others in Markdown: nothing of it is markup. */
const escape = (value: string): string => value.replace(/[\\`*_{}[\]<>#|!]/g, (mark) => `\\${mark}`);

/** The stages behind the model, each with the run that made it. */
function lineage(best: Cell, { story }: ExportEvidence): string[] {
  const makers = new Map(story.stages.map(({ key, madeBy }) => [key, madeBy]));
  return best.stages.map(({ title, key, digest }) => {
    const by = makers.get(key) ?? story.experimentId;
    const whose = by === story.experimentId ? 'this run' : escape(by);
    return `| ${escape(title)} | ${whose} | \`${key}\` | \`${digest}\` |`;
  });
}

/** The base model in words: only one of the hub has a name that others know. */
function baseWords({ cell: { model } }: Cell): string {
  const base = parseHubReference(model);
  if (base !== null) return `${escape(base.name)} of the hub at revision ${escape(base.revision)}`;
  return model === 'embedded'
    ? 'the small model that comes with Budgetline'
    : `a model that is not on the hub, “${escape(model)}”`;
}

const dataNames: Readonly<Record<string, string>> = {
  pairs: 'preference pairs of the model’s own samples',
  'user-demonstrations': 'demonstrations from a file',
  'user-preferences': 'preference pairs from a file',
};

/** The rows that the model was trained on, and whose they are. */
function dataWords(best: Cell, evidence: ExportEvidence): string {
  const words = specsOf(best, 'synthesizeData', evidence).map(({ what = '', annotator = '', rows = 0 }) => {
    const name = dataNames[what] ?? `demonstrations by the annotator “${escape(annotator)}”`;
    return `${rows} ${name}`;
  });
  return words.length === 0 ? 'no rows' : words.join(' and ');
}

/** Every cell's score, and those of tasks beside. */
function scoreTable(cells: readonly Cell[]): string[] {
  const others = [
    ...new Set(cells.flatMap(({ evaluation }) => evaluation.auxiliary.map(({ name }) => name))),
  ];
  const row = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  const rows = cells.map((cell) => {
    const { score, auxiliary } = cell.evaluation;
    const auxiliaryOf = (other: string): string =>
      auxiliary.find(({ name }) => name === other)?.score.toFixed(3) ?? '–';
    return row([escape(nameOf(cell)), score.toFixed(3), ...others.map(auxiliaryOf)]);
  });
  const head = ['cell', 'score', ...others.map(escape)];
  return [row(head), row(head.map(() => '---')), ...rows];
}

/** What the scores do not say. */
function limits({ evaluation: { auxiliary } }: Cell): string {
  const own = 'The score is that of one task, by its own verifier or judge, on its own test items.';
  const names = auxiliary.map(({ name }) => `“${escape(name)}”`).join(', ');
  const others =
    auxiliary.length === 0
      ? 'What else the model does nobody has measured here.'
      : `Of what else the model does nobody has measured more than ${names}.`;
  return `${own} ${others} Licenses of the base model and the data hold for it too.`;
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
  const rivals = cells.filter(({ cell }) => cell.task === best.cell.task);
  const { anchor } = story;
  const signed =
    anchor?.signedBy === null || anchor === null ? 'unsigned' : `signed by \`${anchor.signedBy}\``;
  return [
    ...frontMatter(best, evidence),
    '',
    `# ${escape(story.experimentId)}: ${escape(nameOf(best))}`,
    '',
    `Trained by Budgetline for the task “${escape(best.cell.task)}” from ${baseWords(best)}, on ${dataWords(best, evidence)}. No other of the ${rivals.length} cells of this task scored higher. It was chosen by the scores below, so its own is likely to be a little too high.`,
    '',
    ...['## Where it comes from', ''],
    ...['| stage | made by | key | SHA-256 of its files |', '|---|---|---|---|'],
    ...lineage(best, evidence),
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

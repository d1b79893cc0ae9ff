import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { parseHubReference } from '../../core/hub';
import type { StageSpec } from '../../contracts/stage';
import { countOf, joinList } from '../../contracts/text';
import { canonicalJson } from '../../core/canonical-json';
import { losses } from '../../losses/registry';
import type { ArtifactManifest } from '../../schemas/artifact';
import { rulesOf } from '../../stages';
import { nameOf, type Cell } from '../comparison/cells';
import type { ExportEvidence } from './evidence';

/** A value in YAML. JSON is valid YAML, and quotes every string. */
const yaml = (value: unknown): string => JSON.stringify(value);

function bestOf(cells: readonly Cell[]): Cell | undefined {
  return [...cells].sort((a, b) => b.evaluation.score - a.evaluation.score)[0];
}

/** The fields of a spec that a card uses. */
const specShape = z.looseObject({
  split: z.string().optional(),
  only: z.string().optional(),
  loss: z.looseObject({ name: z.string().optional(), export: z.string().optional() }).optional(),
});

/**
 * A cell with the stages that its score comes from, in the order of their calls. A pipeline may have others: models that it
 * did not choose, and their evaluations.
 */
function withLineage(cell: Cell, { manifests }: ExportEvidence): Cell {
  const keys = new Set([cell.evaluation.key]);
  for (const key of keys)
    for (const input of Object.values(manifests.get(key)?.inputs ?? {})) keys.add(input);
  return { ...cell, stages: cell.stages.filter(({ key }) => keys.has(key)) };
}

/** Metrics of the same model on test items, where other items chose it. */
function testMetrics(best: Cell, { manifests }: ExportEvidence): ArtifactManifest['metrics'] | undefined {
  const own = manifests.get(best.evaluation.key);
  if (specShape.safeParse(own?.spec).data?.split === undefined) return undefined;
  const inputs = canonicalJson(own?.inputs);
  const onTest = [...manifests.values()].find(({ makes, spec, inputs: of }) => {
    const { split, only } = specShape.parse(spec);
    return (
      makes === 'scores' &&
      [split, only].every((field) => field === undefined) &&
      canonicalJson(of) === inputs
    );
  });
  return onTest?.metrics;
}

const trainedOn = ({ stages }: Cell, rows: 'demonstrations' | 'pairs'): Cell['stages'] =>
  stages.filter(({ kind }) => rulesOf(kind)?.learnsFrom === rows);

/** The tag of a built-in loss, or the export of a user's. */
const tagOf = (loss: z.infer<typeof specShape>['loss']): string[] =>
  [losses.find(({ name }) => name === loss?.name)?.hubTag ?? loss?.name ?? loss?.export].filter(
    (tag) => tag !== undefined,
  );

/** Tags of the hub for the cell's training: "sft", and the name of the preference loss. */
function trainingTags(best: Cell, evidence: ExportEvidence): string[] {
  const sft = trainedOn(best, 'demonstrations').length > 0 ? ['sft'] : [];
  const tuned = trainedOn(best, 'pairs').flatMap(({ key }) =>
    tagOf(specShape.safeParse(evidence.manifests.get(key)?.spec).data?.loss),
  );
  return [...new Set([...sft, ...tuned])];
}

function frontMatter(best: Cell, evidence: ExportEvidence): string[] {
  const { task, model } = best.cell;
  const base = parseHubReference(model);
  const { score, ...others } = best.evaluation;
  const tested = testMetrics(best, evidence) ?? {};
  const metrics = Object.entries({ score, ...others })
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => [name, tested[name] ?? value] as const);
  return [
    '---',
    'library_name: peft',
    'pipeline_tag: text-generation',
    ...(base === null ? [] : [`base_model: ${yaml(base.name)}`]),
    'tags:',
    ...['budgetline', ...trainingTags(best, evidence), task].map((tag) => `- ${yaml(tag)}`),
    'model-index:',
    `- name: ${yaml(evidence.timeline.experimentId)}`,
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

/** Escapes foreign text for Markdown. */
const escape = (value: string): string => value.replace(/[\\`*_{}[\]<>#|!]/g, (mark) => `\\${mark}`);

/** The model's stages, each with the run that made it. */
function lineage(best: Cell, { timeline }: ExportEvidence): string[] {
  const makers = new Map(timeline.stages.map(({ key, madeBy }) => [key, madeBy]));
  return best.stages.map(({ title, key, digest }) => {
    const by = makers.get(key) ?? timeline.experimentId;
    const maker = by === timeline.experimentId ? 'this run' : escape(by);
    return `| ${escape(title)} | ${maker} | \`${key}\` | \`${digest}\` |`;
  });
}

/** Describes the base model. Only models of the hub have a public name. */
function baseWords({ cell: { model } }: Cell): string {
  const base = parseHubReference(model);
  if (base !== null) return `${escape(base.name)} (hub revision ${escape(base.revision)})`;
  return model === 'embedded'
    ? 'the small model that comes with Budgetline'
    : `a model that is not on the hub, “${escape(model)}”`;
}

/**
 * Describes the training data and its annotator: rows that an adapter was trained on. Others come before these in their
 * order, or before the questions of the evaluation.
 */
function dataWords(best: Cell, { manifests }: ExportEvidence): string {
  const adapters = best.stages.filter(({ makes }) => makes === 'adapter');
  const read = new Set(adapters.flatMap(({ key }) => Object.values(manifests.get(key)?.inputs ?? {})));
  const words = best.stages.flatMap(({ kind, key, title }) => {
    const manifest = manifests.get(key);
    if (manifest?.makes !== 'rows' || !read.has(key)) return [];
    const describe = rulesOf(kind)?.describeRows;
    return [escape(describe ? describe(manifest.spec as StageSpec) : title)];
  });
  return words.length === 0 ? 'no rows' : joinList(words);
}

/** Every cell's score, with those of auxiliary tasks. */
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

/** How far its score can be trusted. */
function scoreWords(best: Cell, evidence: ExportEvidence): string {
  const { score, items } = testMetrics(best, evidence) ?? {};
  if (score === undefined) return 'The best score is biased upward on the items that selected it.';
  return `Validation items selected it; on ${countOf(items ?? 0, 'test item')} it scores ${score.toFixed(3)}.`;
}

/** Limits of the scores. */
function limits({ evaluation: { auxiliary } }: Cell): string {
  const scope = 'The score covers one task, with its own verifier or judge and items.';
  const names = auxiliary.map(({ name }) => `“${escape(name)}”`).join(', ');
  const others =
    auxiliary.length === 0
      ? 'No other ability was measured.'
      : `Of other abilities, only ${names} ${auxiliary.length === 1 ? 'was' : 'were'} measured.`;
  return `${scope} ${others} The licenses of the base model and of the data apply to this model too.`;
}

/**
 * A model card for the hub, for the run's model with the best score.
 *
 * @throws BudgetlineError INPUT_MISSING if no cell has a score
 */
export function renderModelCard(evidence: ExportEvidence): string {
  const { timeline } = evidence;
  const cells = evidence.cells();
  const winner = bestOf(cells);
  if (winner === undefined)
    throw new BudgetlineError(
      'INPUT_MISSING',
      `No cell of ${timeline.experimentId} has a score, so there is no model.`,
    );
  const best = withLineage(winner, evidence);
  const rivals = cells.filter(({ cell }) => cell.task === best.cell.task);
  const { anchor } = timeline;
  const signed =
    anchor?.signedBy === null || anchor === null ? 'unsigned' : `signed by \`${anchor.signedBy}\``;
  return [
    ...frontMatter(best, evidence),
    '',
    `# ${escape(timeline.experimentId)}: ${escape(nameOf(best))}`,
    '',
    `Trained by Budgetline for the task “${escape(best.cell.task)}” from ${baseWords(best)}, on ${dataWords(best, evidence)}. It has the best score of the ${rivals.length} cells of this task. ${scoreWords(best, evidence)}`,
    '',
    ...['## Provenance', ''],
    ...['| stage | made by | key | SHA-256 of its files |', '|---|---|---|---|'],
    ...lineage(best, evidence),
    '',
    `Definition \`${timeline.definitionDigest}\`; ledger head \`${anchor?.head ?? 'none'}\`, ${signed}.`,
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

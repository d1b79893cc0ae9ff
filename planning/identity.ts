import type { Coordinates } from '../core/coordinates';
import { mapReferences, type PinnedMember } from '../core/members';
import type { AnyResolved, ResolvedMembers } from '../contracts/resolved';
import type { UserRowsUse } from '../schemas/user-rows';
import { comparableDefinition } from './canonical';
import { codeFor } from '../stages/code';
import { digestOf } from '../core/digest';
import { isName } from '../core/names';
import { userFileName, taskFileDigests } from '../stages/files';
import { ownName, pinEvaluation } from '../stages/question-sets';

/** A cell's place in a sweep's grid: a budget in rows or US dollars, and its split. */
export type GridPoint = {
  readonly budget: number;
  readonly seed: number;
} & ({ readonly sftFraction: number } | { readonly sftSpendFraction: number });

/** "b256-r0.5" for rows, "usd5-m0.5" for money. */
function placeSlug(point: GridPoint): string {
  if ('sftFraction' in point) return `b${point.budget}-r${point.sftFraction}`;
  return `usd${point.budget}-m${point.sftSpendFraction}`;
}

/** A definition without the paths of users' modules, whose digests count instead. */
const withoutModules = (definition: object): unknown =>
  mapReferences(definition, (reference) => ({ ...reference, module: undefined }));

/** The digest of each member, by its field. */
function memberDigests({ stageKinds, ...others }: ResolvedMembers): Record<string, unknown> {
  const fields = Object.entries(others as Record<string, PinnedMember | undefined>);
  const single = fields.map(([field, member]) => [field, member?.digest] as const);
  return {
    ...Object.fromEntries(single),
    stageKinds: stageKinds?.map(({ digest, activity }) => [digest, activity.digest]),
  };
}

/** Files of user rows by content. */
function pinnedAnnotations({ definition: { annotations }, files }: AnyResolved) {
  if (annotations === undefined) return {};
  const pin = (use: UserRowsUse) =>
    annotations[use] === undefined
      ? {}
      : { [use]: { ...annotations[use], file: files[userFileName(use)]?.digest ?? '' } };
  return { annotations: { ...annotations, ...pin('demonstrations'), ...pin('preferences') } };
}

function pinned(resolved: AnyResolved) {
  const { definition, model, files, annotator, judge, members } = resolved;
  const digests = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.digest]));
  const data =
    definition.data.source === 'files'
      ? { ...definition.data, ...taskFileDigests(files) }
      : { ...definition.data };
  const evaluation = { ...pinEvaluation(resolved), split: definition.evaluation.split };
  const own = { model: model.digest, data, evaluation, ...pinnedAnnotations(resolved) };
  const code = codeFor(resolved, ownName);
  return {
    definition: withoutModules({ ...comparableDefinition(definition), ...own }),
    members: members && memberDigests(members),
    files: digests,
    annotator: annotator?.digest,
    judge: judge?.digest,
    ...code,
  };
}

/** A definition's digest. Inputs count by content, so no path of this host enters. */
export function definitionDigest(resolved: AnyResolved): string {
  const { variants } = resolved;
  if (variants === undefined) return digestOf(pinned(resolved));
  return digestOf({
    ...pinned(resolved),
    variants: variants.map((inputs) => pinned({ ...inputs, definition: resolved.definition })),
  });
}

/** The definition's name and the first twelve digits of its digest. */
export function sweepIdOf(resolved: AnyResolved, digest: string = definitionDigest(resolved)): string {
  return `${resolved.definition.name}-${digest.slice(0, 12)}`;
}

/** Short texts that are the same on case-insensitive file systems. */
const plainSlug = /^[a-z0-9_.+-]{0,39}[a-z0-9_+-]$/;

const shortDigest = (value: unknown): string => digestOf(value).slice(0, 12);

/** A text as a part of ids and file names: unchanged, or shortened with its digest. */
function slugOf(text: string): string {
  if (plainSlug.test(text)) return text;
  return `${text.replace(/[^\w.+-]+/g, '_').slice(0, 40)}@${shortDigest(text)}`;
}

/**
 * The id of a run's ledger: its workflow id. Any text may be a workflow id, but not the name of a file: then a slug with the
 * id's digest.
 */
export const experimentIdOf = (workflowId: string): string =>
  isName(workflowId)
    ? workflowId
    : `run-${workflowId.replace(/[^\w.+-]+/g, '_').slice(0, 40)}@${shortDigest(workflowId)}`;

/** Room for the slug in a file name. */
const longestSlug = 120;

/**
 * "-annotator=clean-sft.lora.rank=8", for ids and file names; empty without axes. Unique per place, on case-insensitive
 * file systems too; the order of axes does not matter.
 */
export function coordinatesSlug(coordinates: Coordinates = {}): string {
  const sorted = Object.entries(coordinates).sort(([a], [b]) => (a < b ? -1 : 1));
  const slug = sorted.map(([axis, label]) => `-${axis}=${slugOf(label)}`).join('');
  return slug.length <= longestSlug ? slug : `${slug.slice(0, longestSlug)}@${shortDigest(coordinates)}`;
}

/** A cell's id: the id of its sweep or experiment, with its place in the grid and on the axes. */
export function cellIdOf(parentId: string, point: GridPoint, coordinates?: Coordinates): string {
  return `${parentId}-${placeSlug(point)}-s${point.seed}${coordinatesSlug(coordinates)}`;
}

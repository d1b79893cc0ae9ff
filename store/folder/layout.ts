import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import { isName, nameRule } from '../../core/names';
import type { StageKey } from '../../contracts/stage';
import type { ArtifactId, StorePart } from '../define';

/** Keys must not lead out of the store: they are 64 hexadecimal digits. */
function validKey(key: string): string {
  if (!/^[0-9a-f]{64}$/.test(key))
    throw new BudgetlineError('USAGE', `"${key}" is not a stage key: keys are 64 hexadecimal digits.`);
  return key;
}

function validName(name: string): string {
  if (!isName(name)) throw new BudgetlineError('USAGE', `"${name}" cannot name a file: use ${nameRule()}.`);
  return name;
}

const artifactName = ({ kind, key }: ArtifactId): string => `${validName(kind)}-${validKey(key)}`;

/** The artifact of a folder's name; undefined for other folders. */
export function parseArtifactName(name: string): ArtifactId | undefined {
  const [, kind, key] = /^([^.].*)-([0-9a-f]{64})$/.exec(name) ?? [];
  return kind === undefined || key === undefined ? undefined : { kind, key };
}

/** Path of a part, relative to the home, with forward slashes. Bundles and crates have the same layout. */
export function nameInFolder(part: StorePart): string {
  if ('artifact' in part) return `store/artifacts/${artifactName(part.artifact)}`;
  if ('stage' in part) return `store/ledger/stages/${validKey(part.stage)}.jsonl`;
  if ('experiment' in part) return `store/ledger/experiments/${validName(part.experiment)}.jsonl`;
  if ('nest' in part) return `store/ledger/nests/${validKey(part.nest)}.jsonl`;
  if ('history' in part) return `store/histories/${validName(part.history)}.json`;
  if ('completeHistory' in part) return `store/histories/${validName(part.completeHistory)}.complete.json`;
  if ('anchor' in part) return `store/anchors/${validName(part.anchor)}.json`;
  if ('document' in part) return `store/documents/${validKey(part.document)}.json`;
  return `store/code/${validKey(part.code)}.js`;
}

/** Paths below one home. */
export interface FolderLayout {
  readonly artifacts: string;
  readonly experiments: string;
  part(part: StorePart): string;
  /** Claims of one key: one file per fence. */
  claims(key: StageKey): string;
  generations(key: string): string;
  annotations(key: string): string;
}

/** The layout below a home folder. Creates nothing. */
export function folderLayout(home: string): FolderLayout {
  const store = join(home, 'store');
  return {
    artifacts: join(store, 'artifacts'),
    experiments: join(store, 'ledger', 'experiments'),
    part: (part) => join(home, nameInFolder(part)),
    claims: (key) => join(store, 'claims', validKey(key)),
    generations: (key) => join(store, 'generations', validKey(key)),
    annotations: (key) => join(store, 'annotations', validKey(key)),
  };
}

/** Folders that a new store gets. */
export const firstFolders = [
  ...['artifacts', 'claims', 'ledger/stages', 'ledger/experiments', 'ledger/nests'],
  ...['generations', 'documents', 'histories', 'anchors', 'code'],
].map((name) => `store/${name}`);

import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { ClaimRecord } from '../../schemas/claim';
import {
  corruptArtifact,
  defineStore,
  identifyOwnProcess,
  nameInFolder,
  readSealedFolder,
  sealFolder,
  verifySealedFolder,
  type ArtifactId,
  type Claim,
  type ClaimOutcome,
  type Store,
  type StoredGenerations,
  type StorePart,
  type StoreRules,
} from '../../store';

interface Held {
  readonly record: ClaimRecord;
  readonly lost: AbortController;
}

/** Claims of one process: a released key keeps its last fence. */
class Claims {
  readonly #fences = new Map<string, number>();
  readonly #held = new Map<string, Held>();

  holder(key: string): ClaimRecord | undefined {
    return this.#held.get(key)?.record;
  }

  async take(key: string, holder: string): Promise<ClaimOutcome> {
    const process = await identifyOwnProcess();
    const heldBy = this.holder(key);
    if (heldBy !== undefined) return { heldBy };
    const fence = (this.#fences.get(key) ?? 0) + 1;
    const record = { fence, token: String(fence), leaseMs: 1, holder, process };
    const held = { record, lost: new AbortController() };
    this.#fences.set(key, fence);
    this.#held.set(key, held);
    return { claim: this.#claimOf(key, held) };
  }

  #claimOf(key: string, held: Held): Claim {
    const isMine = (): boolean => this.#held.get(key) === held;
    return {
      key,
      fence: held.record.fence,
      lost: held.lost.signal,
      check: () =>
        isMine() ? Promise.resolve() : Promise.reject(new BudgetlineError('CLAIM_LOST', `${key} passed on.`)),
      release: () => {
        if (isMine()) this.#held.delete(key);
        return Promise.resolve();
      },
    };
  }
}

/** Rules of a store in the memory of one process, as a remote store would be: it lends local copies below `folder`. */
export function memoryRules(folder: string): StoreRules {
  const claims = new Claims();
  const artifacts = new Map<string, ArtifactId>();
  const chains = new Map<string, Buffer[]>();
  const experiments = new Set<string>();
  const records = new Map<string, Buffer>();
  const generations = new Map<string, StoredGenerations>();
  const remote = join(folder, 'remote');
  /** Names of this store are its own; only copies have the layout of folders. */
  const nameOf = (part: StorePart): string => `item-${nameInFolder(part).replaceAll('/', '-')}`;
  const remoteOf = (id: ArtifactId): string => join(remote, nameOf({ artifact: id }));
  const fetched = (id: ArtifactId): string => {
    const local = mkdtempSync(join(folder, 'fetched-'));
    if (artifacts.has(nameOf({ artifact: id }))) cpSync(remoteOf(id), local, { recursive: true });
    return local;
  };
  const copyRecord = (part: StorePart, data: Buffer | undefined, to: string): string[] => {
    if (data === undefined) return [];
    const name = nameInFolder(part);
    mkdirSync(dirname(join(to, name)), { recursive: true });
    writeFileSync(join(to, name), data);
    return [name];
  };
  const bytesOf = (lines: readonly Buffer[]): Buffer =>
    Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
  return {
    name: 'memory:',
    async prepare() {
      await mkdir(folder, { recursive: true });
    },
    get: (id) => readSealedFolder(fetched(id), id),
    verify: (id) => verifySealedFolder(fetched(id), id),
    async publish(request, fence) {
      const { id, dir } = request;
      await sealFolder(request);
      await fence.check();
      const adopted = artifacts.has(nameOf({ artifact: id }));
      if (!adopted) cpSync(dir, remoteOf(id), { recursive: true });
      artifacts.set(nameOf({ artifact: id }), id);
      await rm(dir, { recursive: true });
      const stored = await readSealedFolder(fetched(id), id);
      if (stored === undefined) throw corruptArtifact(nameOf({ artifact: id }), 'has no manifest');
      return { ...stored, adopted };
    },
    list: (prefix) => Promise.resolve([...artifacts.values()].filter(({ key }) => key.startsWith(prefix))),
    claim: (key, holder) => claims.take(key, holder),
    claimHolder: (key) => Promise.resolve(claims.holder(key)),
    chain(id) {
      const lines = chains.get(nameOf(id)) ?? [];
      chains.set(nameOf(id), lines);
      return {
        lines: () => Promise.resolve([...lines]),
        last: () => Promise.resolve(lines.at(-1)),
        async append(next, fence) {
          await fence.check();
          lines.push(next(lines.at(-1)));
          if ('experiment' in id) experiments.add(id.experiment);
        },
      };
    },
    experiments: () => Promise.resolve([...experiments]),
    read: (record) => Promise.resolve(records.get(nameOf(record))),
    write: (record, data) => Promise.resolve(void records.set(nameOf(record), Buffer.from(data))),
    findGenerations: (key) => Promise.resolve(generations.get(key)),
    storeGenerations(key, { rows, ...made }) {
      const path = join(mkdtempSync(join(folder, 'rows-')), 'generations.jsonl');
      cpSync(rows, path);
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
      const stored = generations.get(key) ?? { key, path, sha256, ...made };
      generations.set(key, stored);
      return Promise.resolve(stored);
    },
    annotations: (key) =>
      Promise.resolve({ dir: join(folder, `annotations-${key}`), save: () => Promise.resolve() }),
    nameOf,
    copy(part, to) {
      if ('artifact' in part) return copyArtifact(part);
      const lines =
        'stage' in part || 'experiment' in part || 'nest' in part ? chains.get(nameOf(part)) : undefined;
      const data = lines === undefined ? records.get(nameOf(part)) : bytesOf(lines);
      return Promise.resolve(copyRecord(part, data, to));

      async function copyArtifact({ artifact }: { artifact: ArtifactId }): Promise<string[]> {
        const stored = await readSealedFolder(fetched(artifact), artifact);
        if (stored === undefined) return [];
        const name = nameInFolder(part);
        cpSync(stored.dir, join(to, name), { recursive: true });
        return ['manifest.json', ...stored.manifest.files.map(({ path }) => path)].map(
          (path) => `${name}/${path}`,
        );
      }
    },
  };
}

export const createMemoryStore = (folder: string): Store => defineStore(memoryRules(folder));

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ArtifactManifest } from '../../../schemas/artifact';
import { reportFolder } from '../../../host/home';
import { describeFolder, payloadDigest } from '../../../store';
import { folderLayout, type FolderLayout } from '../../../store/folder';

const sha = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A ledger line as plain JSON. */
export type Line = Record<string, unknown> & { type: string };

/** A copy of a run's files, with ways to tamper with them. */
export class Tampered {
  readonly paths: FolderLayout;

  constructor(
    readonly home: string,
    readonly experimentId: string,
  ) {
    this.paths = folderLayout(home);
  }

  get chain(): string {
    return this.paths.part({ experiment: this.experimentId });
  }

  get anchor(): string {
    return this.paths.part({ anchor: this.experimentId });
  }

  get result(): string {
    return join(reportFolder(this.home, this.experimentId), 'result.json');
  }

  /** The nth artifact folder of a kind; those of the mixed cell come first. */
  artifact(kind: string, nth = 0): string {
    const names = readdirSync(this.paths.artifacts).filter((name) => name.startsWith(`${kind}-`));
    const adapted = names.filter((name) => this.manifest(join(this.paths.artifacts, name)).inputs['adapter']);
    const ordered = [...adapted, ...names.filter((name) => !adapted.includes(name))];
    const name = ordered[nth];
    if (name === undefined) throw new Error(`no ${kind}`);
    return join(this.paths.artifacts, name);
  }

  /** The first artifact of a kind with a file. */
  artifactWith(kind: string, file: string): string {
    const names = readdirSync(this.paths.artifacts).filter((name) => name.startsWith(`${kind}-`));
    const found = names
      .map((name) => join(this.paths.artifacts, name))
      .find((dir) => existsSync(join(dir, file)));
    if (found === undefined) throw new Error(`no ${kind} with ${file}`);
    return found;
  }

  manifest(dir: string): ArtifactManifest {
    return JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as ArtifactManifest;
  }

  /** The chain of an artifact's stage. */
  stageChain(dir: string): string {
    return this.paths.part({ stage: basename(dir).split('-')[1] ?? '' });
  }

  /** The chain of a nest of rows, with the purchases of an artifact's stage. */
  purchases(dir: string): string {
    const start = this.lines(this.stageChain(dir)).find(({ type }) => type === 'attempt-started');
    return this.paths.part({ nest: (start?.['rows'] as { nest: string }).nest });
  }

  /** Paths of exported histories: of the sweep's last run, of its complete history, and of the mixed cell. */
  history(which: 'sweep' | 'cell' | 'complete'): string {
    const dir = join(this.home, 'store', 'histories');
    const names = readdirSync(dir);
    const complete = names.find((name) => name.endsWith('.complete.json')) ?? '';
    const sweep = complete.replace('.complete', '');
    const isMixed = (line: Line): boolean =>
      line.type === 'history-exported' && String(line['workflowId']).includes('-r0.5-');
    const cell = String(this.lines(this.chain).find(isMixed)?.['runId']);
    return join(dir, { complete, sweep, cell: `${cell}.json` }[which]);
  }

  /** The first stored page of results. */
  page(): string {
    const dir = join(this.home, 'store', 'documents');
    return join(dir, readdirSync(dir)[0] ?? '');
  }

  code(): string {
    const dir = join(this.home, 'store', 'code');
    return join(dir, readdirSync(dir)[0] ?? '');
  }

  remove(path: string): void {
    rmSync(path, { recursive: true });
  }

  edit(path: string, change: (text: string) => string): void {
    const text = readFileSync(path, 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`${path} was not changed`);
    writeFileSync(path, changed);
  }

  editJson(path: string, change: (value: never) => void): void {
    this.edit(path, (text) => {
      const value: unknown = JSON.parse(text);
      change(value as never);
      return `${JSON.stringify(value, undefined, 2)}\n`;
    });
  }

  lines(path: string): Line[] {
    const text = readFileSync(path, 'utf8').trimEnd();
    return text.split('\n').map((line) => JSON.parse(line) as Line);
  }

  /** Changes lines and recomputes the chain. Returns the new head. */
  rechain(path: string, change: (lines: Line[]) => Line[]): string {
    let previous = '0'.repeat(64);
    const texts = change(this.lines(path)).map((line, sequence) => {
      const text = JSON.stringify({ ...line, sequence, previous });
      previous = sha(text);
      return text;
    });
    writeFileSync(path, `${texts.join('\n')}\n`);
    return previous;
  }

  /** Recomputes a manifest from the files in its folder. */
  async resealArtifact(dir: string): Promise<void> {
    const files = await describeFolder(dir, (path) => path !== 'manifest.json');
    const manifest = { ...this.manifest(dir), files, digest: payloadDigest(files) };
    writeFileSync(join(dir, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  }

  /** Recomputes every manifest, chain and the anchor from the files; only the signature cannot be made. */
  async resealEverything(): Promise<void> {
    const made = new Map<string, { artifact: string; manifestDigest: string; stageHead: string }>();
    for (const name of readdirSync(this.paths.artifacts)) {
      const dir = join(this.paths.artifacts, name);
      await this.resealArtifact(dir);
      const digests = {
        artifact: this.manifest(dir).digest,
        manifestDigest: sha(readFileSync(join(dir, 'manifest.json'))),
      };
      const stageHead = this.rechain(this.stageChain(dir), (lines) =>
        lines.map((line) => (line['outcome'] === 'published' ? { ...line, ...digests } : line)),
      );
      made.set(name.split('-')[1] ?? '', { ...digests, stageHead });
    }
    const head = this.rechain(this.chain, (lines) => lines.map((line) => this.#reseal(line, made)));
    const lines = this.lines(this.chain).length;
    this.editJson(this.anchor, (anchor: Record<string, unknown>) => {
      Object.assign(anchor, { head, lines });
      delete anchor['signature'];
    });
    this.editJson(this.result, ({ result }: { result: { anchor: object } }) => {
      Object.assign(result.anchor, { head, lines });
    });
  }

  #reseal(line: Line, made: ReadonlyMap<string, { artifact: string; stageHead: string }>): Line {
    if (line.type === 'stage-recorded') {
      const { artifact, stageHead } = made.get(String(line['stage'])) ?? {};
      return { ...line, artifact, stageHead };
    }
    if (line.type !== 'history-exported') return line;
    const text = readFileSync(this.paths.part({ history: String(line['runId']) }), 'utf8');
    return { ...line, sha256: sha(text), events: (JSON.parse(text) as { events: unknown[] }).events.length };
  }
}

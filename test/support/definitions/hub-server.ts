import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file of the served repository, with the failures to simulate. */
export interface ServedFile {
  readonly content: Buffer;
  /** Named by SHA-256, as the hub names large files. Default: by Git's hash. */
  readonly large?: boolean;
  /** Bytes after which the first connections break, one an entry. */
  readonly cuts?: number[];
  /** Sent instead of the content. */
  readonly altered?: Buffer;
}

export interface HubServer {
  readonly url: string;
  /** "PATH RANGE" of every request for content, without the probes of one byte. */
  readonly requests: string[];
  close(): Promise<void>;
}

const hex = (name: string, data: Buffer | string): string => createHash(name).update(data).digest('hex');

function entryOf([path, { content, large }]: [string, ServedFile]) {
  const oid = hex('sha1', Buffer.concat([Buffer.from(`blob ${content.length}\0`), content]));
  const lfs = { oid: hex('sha256', content), size: content.length, pointerSize: 134 };
  return { type: 'file', path, size: content.length, oid, ...(large ? { lfs } : {}) };
}

function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  { content, cuts, altered }: ServedFile,
): void {
  const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
  const [start, end] = [Number(from ?? 0), Number(to ?? content.length - 1) + 1];
  response.writeHead(from === undefined ? 200 : 206, {
    etag: '"e"',
    'content-length': end - start,
    ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${content.length}` }),
  });
  const body = (altered ?? content).subarray(start, end);
  const cut = end - start > 1 ? cuts?.shift() : undefined;
  if (cut === undefined) response.end(body);
  else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 50));
}

/** A server with the hub's API for one public repository, on a real socket. */
export async function serveHub(
  name: string,
  { commit, files }: { commit: string; files: Readonly<Record<string, ServedFile>> },
): Promise<HubServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://hub').pathname);
    const json = (status: number, value: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (path === `/api/models/${name}/revision/main`) {
      json(200, { _id: 'x', id: name, sha: commit });
      return;
    }
    if (path === `/api/models/${name}/tree/${commit}`) {
      json(200, Object.entries(files).map(entryOf));
      return;
    }
    const file = files[path.replace(`/${name}/resolve/${commit}/`, '')];
    if (file === undefined) {
      json(404, { error: 'Repository or revision not found' });
      return;
    }
    const { range = 'whole' } = request.headers;
    if (range !== 'bytes=0-0') requests.push(`${path.split('/').at(-1)} ${range}`);
    sendContent(request, response, file);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

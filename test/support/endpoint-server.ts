import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly model: string;
  readonly messages: { readonly role: string; readonly content: string }[];
}
export type Behaviour = (
  response: ServerResponse,
  asked: Asked,
  /** The header `Idempotency-Key`. */
  requestId: string,
) => void;

export const send = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

export const reply = (content: string, model = 'judge-1') => ({
  id: 'x',
  object: 'chat.completion',
  created: 0,
  model,
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
});

/** Faults of a server that are retried. */
export const passing = {
  busy: (response) => send(response, 429, { error: { message: 'slow down' } }, { 'retry-after': '0' }),
  broken: (response) => send(response, 500, { error: { message: 'oh' } }),
  cut: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write('{"id": "x", "choi', () => response.destroy());
  },
  garbled: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id": '),
  silent: () => undefined,
} satisfies Record<string, Behaviour>;

export const shapeless: Behaviour = (response) => send(response, 200, reply('Sure! Here it is.'));

async function readBody(request: IncomingMessage): Promise<Asked> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return JSON.parse(text) as Asked;
}

/** A real OpenAI-compatible server on a local port. */
export interface EndpointServer {
  readonly baseUrl: string;
  /** API keys of the requests. */
  readonly keys: (string | undefined)[];
  close(): void;
}

/** @param port default: any free one */
export async function startEndpoint(behave: Behaviour, port = 0): Promise<EndpointServer> {
  const keys: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    keys.push(request.headers.authorization);
    const requestId = String(request.headers['idempotency-key']);
    void readBody(request).then((asked) => behave(response, asked, requestId));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    keys,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

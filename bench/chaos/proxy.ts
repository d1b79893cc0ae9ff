import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A proxy between the workers and the server; its connections can be dropped. */
export interface Proxy {
  readonly address: string;
  /** Drops every connection, and accepts none for `forMs`. */
  cut(forMs: number): Promise<void>;
  close(): Promise<void>;
}

function join(from: Socket, to: Socket, forget: (socket: Socket) => void): void {
  for (const [here, there] of [
    [from, to],
    [to, from],
  ] as const) {
    here.pipe(there);
    here.on('error', () => there.destroy());
    here.on('close', () => {
      there.destroy();
      forget(here);
    });
  }
}

export async function openProxy(target: string): Promise<Proxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let taking = true;
  const server = createServer((client) => {
    if (!taking) {
      client.destroy();
      return;
    }
    const upstream = connect({ host, port: Number(port) });
    for (const socket of [client, upstream]) sockets.add(socket);
    join(client, upstream, (socket) => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async cut(forMs) {
      taking = false;
      drop();
      await sleep(forMs);
      taking = true;
    },
    async close() {
      taking = false;
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}

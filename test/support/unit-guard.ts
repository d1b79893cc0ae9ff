import childProcess from 'node:child_process';
import fs, { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Server, Socket } from 'node:net';
import { join, resolve, sep } from 'node:path';

const dist = join(resolve(__dirname, '../..'), 'dist') + sep;

type Wrapped = (...args: unknown[]) => unknown;

function refuse(what: string): never {
  throw new Error(
    `a unit test may not ${what}: it belongs to test/integration or test/e2e (CONTRIBUTING.md)`,
  );
}

/** Replaces functions of a module by ones that refuse the arguments that `wrong` names. */
function guard(
  target: object,
  names: readonly string[],
  wrong: (first: unknown) => string | undefined,
): void {
  for (const name of names) {
    const original = Reflect.get(target, name) as Wrapped;
    Reflect.set(target, name, function (this: unknown, ...args: unknown[]) {
      const what = wrong(args[0]);
      return what === undefined ? original.apply(this, args) : refuse(what);
    });
  }
}

/** What a unit test may not use throws, with the reason, from here on. */
function guardProcess(): void {
  const processes = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'];
  guard(childProcess, processes, (command) => `start a process (${String(command)})`);
  guard(Server.prototype, ['listen'], () => 'listen on a socket');
  guard(Socket.prototype, ['connect'], () => 'open a connection');

  const wrongRead = (path: unknown): string | undefined =>
    typeof path === 'string' && resolve(path).startsWith(dist) ? `read the build (${path})` : undefined;
  guard(fs, ['readFileSync', 'openSync', 'readFile', 'open', 'createReadStream'], wrongRead);
  guard(promises, ['readFile', 'open'], wrongRead);

  const dlopen = process.dlopen.bind(process);
  process.dlopen = (module, path, ...flags) =>
    path.includes('onnxruntime') ? refuse('load ONNX Runtime') : dlopen(module, path, ...flags);

  // Packages that are ES modules see the guarded functions too.
  syncBuiltinESMExports();
}

// The suite runs in processes that Mocha starts and numbers; Mocha's own starts them.
if (process.env['MOCHA_WORKER_ID'] !== undefined) guardProcess();

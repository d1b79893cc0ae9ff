import { acquisitionOf, type TemporalServer } from '../../app/run/temporal';
import { configuredAddress } from '../../client';
import type { EmbeddedServer } from '../../workers';
import { formatDuration } from './numbers';

type Acquired = EmbeddedServer['acquired'];

const origins: Record<NonNullable<Acquired>['how'], string> = {
  path: 'found on PATH',
  cache: 'found in the cache folder',
  download: 'downloaded',
  'go-build': 'built with Go',
};

function describeServer({ address, serverVersion, started, program, acquired }: EmbeddedServer): string {
  const server = `Temporal server ${serverVersion} at ${address}`;
  const ms = acquisitionOf(acquired);
  const time = ms === 0 ? '' : ` in ${formatDuration(ms)}, not counted below`;
  const origin = acquired === null ? program : `${program}, ${origins[acquired.how]}${time}`;
  return started ? `${server}, started (${origin})` : `${server}, which was running already (${origin})`;
}

/** Which Temporal server a run uses, and how it was obtained; one sentence. */
export function describeTemporal({ embedded, env }: TemporalServer): string {
  if (embedded !== null) return describeServer(embedded);
  return `Temporal server at ${configuredAddress(env)}, as configured`;
}

import { existsSync } from 'node:fs';
import type { DataConverter } from '@temporalio/common';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { BudgetlineError } from '../contracts/failures';
import { createPayloadCodec } from './payload-codec';
import { readPayloadKeys } from './payload-keys';

/** How a client or a worker reaches Temporal, and what payloads look like on the way. */
export interface TemporalConfiguration {
  readonly address: string;
  readonly namespace: string;
  /** TLS, API key and headers. */
  readonly options: ClientConnectConfig['connectionOptions'];
  readonly dataConverter: DataConverter;
}

export interface ConfigurationOptions {
  readonly env: NodeJS.ProcessEnv;
  /** "host:port" instead of the configured one. */
  readonly address?: string | undefined;
}

const defaultAddress = '127.0.0.1:7233';

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Profiles and variables as Temporal has them. An empty TEMPORAL_CONFIG_FILE is none; Temporal would pass over a missing one. */
function loadProfile(env: NodeJS.ProcessEnv): ClientConnectConfig {
  const path = env['TEMPORAL_CONFIG_FILE'];
  if (path !== undefined && path !== '' && !existsSync(path))
    throw new BudgetlineError('CONNECTION_INVALID', `TEMPORAL_CONFIG_FILE: there is no file ${path}.`);
  try {
    return loadClientConnectConfig({ overrideEnvVars: definedOnly(env), disableFile: path === '' });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BudgetlineError('CONNECTION_INVALID', `Temporal’s configuration: ${why}`, { cause });
  }
}

function converterOf(env: NodeJS.ProcessEnv): DataConverter {
  const keys = readPayloadKeys(env);
  const payloadCodecs = [createPayloadCodec(keys)];
  if (keys.length === 0) return { payloadCodecs };
  return { payloadCodecs, failureConverterPath: require.resolve('./failure-converter') };
}

/** The address that the environment or a profile names; undefined where neither does. */
export function configuredAddress(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return loadProfile(env).connectionOptions.address;
}

/**
 * An environment in which a server of ours on this host is the configured one: nothing else of Temporal's own configuration
 * is in it, so the server is shown no key, and no profile's namespace or TLS is asked of it.
 */
export function embeddedEnvironment(env: NodeJS.ProcessEnv, address: string): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(others), TEMPORAL_ADDRESS: address, TEMPORAL_CONFIG_FILE: '' };
}

/**
 * Temporal's own configuration (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TLS, profiles of a TOML file), and the
 * payload codec's keys. An address that is given replaces the configured address and nothing else.
 *
 * @throws BudgetlineError CONNECTION_INVALID
 */
export function readConfiguration({ env, address }: ConfigurationOptions): TemporalConfiguration {
  const { connectionOptions, namespace = 'default' } = loadProfile(env);
  return {
    address: address ?? connectionOptions.address ?? defaultAddress,
    namespace,
    options: connectionOptions,
    dataConverter: converterOf(env),
  };
}

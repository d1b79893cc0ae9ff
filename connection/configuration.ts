import { existsSync } from 'node:fs';
import type { DataConverter } from '@temporalio/common';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { BudgetlineError } from '../core/failures';
import { createPayloadCodec } from './payload-codec';
import { readPayloadKeys } from './payload-keys';

/** How a client or a worker reaches Temporal, and how payloads are converted. */
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
  readonly address?: string;
}

const defaultAddress = '127.0.0.1:7233';

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/**
 * Temporal's profiles and variables. An empty TEMPORAL_CONFIG_FILE means no file; Temporal would ignore a
 * missing one.
 */
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

/** The address from the environment or a profile; undefined if neither has one. */
export function configuredAddress(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return loadProfile(env).connectionOptions.address;
}

/**
 * An environment that configures the embedded server. It has no other Temporal settings, so the server gets
 * no API key, and no profile's namespace or TLS is used for it.
 */
export function embeddedEnvironment(env: NodeJS.ProcessEnv, address: string): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(others), TEMPORAL_ADDRESS: address, TEMPORAL_CONFIG_FILE: '' };
}

/**
 * Reads Temporal's own configuration (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TLS, TOML
 * profiles) and the payload codec's keys. `address` replaces the configured address and nothing else.
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

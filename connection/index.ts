/**
 * Connections to Temporal: configuration, payload codec and search attributes, for clients, workers and the
 * command line.
 */
export { configuredAddress, embeddedEnvironment, readConfiguration } from './configuration';
export type { ConfigurationOptions, TemporalConfiguration } from './configuration';
export { keyNameOf } from './payload-codec';
export { readPayloadKeys } from './payload-keys';
export { openPayloads } from './sealed-json';
export { isSearchable, registerSearchAttributes } from './search-attributes';
export type { TemporalServices } from './search-attributes';

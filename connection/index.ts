/** How Temporal is reached: its configuration, and the codec of payloads; for clients, workers and the command line. */
export { configuredAddress, readConfiguration } from './configuration';
export type { ConfigurationOptions, TemporalConfiguration } from './configuration';

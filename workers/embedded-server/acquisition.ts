/** How a `temporal` executable is found and fetched. */
export interface AcquireOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Reports progress during slow work, one line at a time. */
  readonly onProgress: (text: string) => void;
}

/** Result of a way of fetching: a path, or the reason for having none. */
export interface Fetched {
  readonly path?: string;
  readonly reason: string;
}

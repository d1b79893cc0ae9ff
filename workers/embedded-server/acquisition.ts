/** How a `temporal` program is looked for and fetched. */
export interface AcquireOptions {
  readonly env: NodeJS.ProcessEnv;
  /** One line for people, now and then, while something slow goes on. */
  readonly onProgress: (text: string) => void;
}

/** What a way of fetching gave: a path, or why not. */
export interface Fetched {
  readonly path?: string;
  readonly reason: string;
}

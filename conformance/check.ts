import type { Kit } from './kit';

/** A rule of docs/protocol.md and its test. */
export interface Check {
  /** Section of the page. */
  readonly section: string;
  /** The rule, as a sentence. */
  readonly rule: string;
  /** @throws Broken if the executable breaks the rule */
  run(kit: Kit): Promise<void>;
}

import type { Kit } from './kit';

/** A rule of docs/protocol.md and how it is put to the test. */
export interface Check {
  /** Section of the page. */
  readonly section: string;
  /** The rule, as a sentence. */
  readonly rule: string;
  /** @throws Broken with what was found instead. */
  run(kit: Kit): Promise<void>;
}

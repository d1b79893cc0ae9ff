import { workflowInfo } from '@temporalio/workflow';

/** How many cells and controls a run of a sweep still begins: a run's history is bounded. */
export class Page {
  #begun = 0;

  constructor(private readonly size: number) {}

  /** Also where the server advises a new history, by the bytes and events of this one. One is begun in any case. */
  get isFull(): boolean {
    return this.#begun >= this.size || (this.#begun > 0 && workflowInfo().continueAsNewSuggested);
  }

  /** Items to begin, until the page is full. */
  *fill<T>(items: readonly T[]): Generator<T> {
    for (const item of items) {
      if (this.isFull) return;
      this.#begun += 1;
      yield item;
    }
  }
}

import { resolve } from 'node:path';
import { readStory } from '../../../audit';
import { writeFileAtomic } from '../../../store';
import { withAuditedRun } from '../../audited-run';
import { createPrinter, printJson, type PrinterOptions } from '../../printer';
import { renderStory } from '../../print/story';

export interface StoryFlags extends PrinterOptions {
  readonly html?: string;
}

/** `budgetline audit show RUN`: the story of a run, from its ledger, histories and artifacts. */
export async function storyCommand(name: string, flags: StoryFlags): Promise<void> {
  const story = await withAuditedRun(name, ({ store, experimentId }) => readStory(store, experimentId));
  const printer = createPrinter(flags);
  printer.print(renderStory(story, printer.ink));
  if (flags.html !== undefined) {
    const { renderAuditPage } = await import('../../../report/index.js');
    const path = resolve(flags.html);
    await writeFileAtomic(path, renderAuditPage(story));
    printer.print(['', `Page  ${path}`]);
  }
  if (flags.json === true) printJson(story);
}

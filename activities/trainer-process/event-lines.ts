import type { Readable } from 'node:stream';
import { trainerEvent, type TrainerEvent } from '../../schemas/trainer-event';

/** The longest event is a result with its files; longer lines are not events. */
const maxLineBytes = 1_048_576;

export interface EventLineHandlers {
  onEvent(event: TrainerEvent, line: string): void;
  /** Called for a line that is not an event of the protocol. */
  onForeignLine(line: string, why: string): void;
}

function parseEventLine(line: string): { event: TrainerEvent } | { why: string } {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return { why: 'it is not JSON' };
  }
  const parsed = trainerEvent.safeParse(data);
  if (parsed.success) return { event: parsed.data };
  const issue = parsed.error.issues[0];
  return { why: `field "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'malformed'}` };
}

/** Calls the handlers line by line. A half line at the end of the stream, from a killed process, is dropped. */
export function readEventLines(stream: Readable, handlers: EventLineHandlers): Promise<void> {
  let rest = '';
  const take = (line: string): void => {
    const parsed = parseEventLine(line);
    if ('event' in parsed) handlers.onEvent(parsed.event, line);
    else handlers.onForeignLine(line, parsed.why);
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') take(line);
    if (rest.length <= maxLineBytes) return;
    take(rest.slice(0, 200));
    rest = '';
  });
  return new Promise((done) => {
    stream.once('close', done);
    stream.once('error', () => done());
  });
}

import type { Readable } from 'node:stream';
import { trainerEvent, type TrainerEvent } from '../../schemas/trainer-event';

/** The longest event is a result with its files; a longer line is no event. */
const longestLineBytes = 1_048_576;

export interface EventLineHandlers {
  onEvent(event: TrainerEvent, line: string): void;
  /** A line that is no event of the protocol, and what is wrong with it. */
  onForeignLine(line: string, why: string): void;
}

function parseEventLine(line: string): { event: TrainerEvent } | { why: string } {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return { why: 'it is no JSON' };
  }
  const parsed = trainerEvent.safeParse(data);
  if (parsed.success) return { event: parsed.data };
  const issue = parsed.error.issues[0];
  return { why: `field "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'malformed'}` };
}

/** A line that a process which was killed left half written is no line; it is dropped with the stream's end. */
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
    if (rest.length <= longestLineBytes) return;
    take(rest.slice(0, 200));
    rest = '';
  });
  return new Promise((done) => {
    stream.once('close', done);
    stream.once('error', () => done());
  });
}

import type { Readable } from 'node:stream';
import { LineSplitter, parseLine } from '../../schemas/json-lines';
import { trainerEvent, type TrainerEvent } from '../../schemas/trainer-event';

/** The longest event is a result with its files; longer lines are not events. */
const maxLineBytes = 1_048_576;

export interface EventLineHandlers {
  onEvent(event: TrainerEvent, line: string): void;
  /** Called for a line that is not an event of the protocol. */
  onForeignLine(line: string, why: string): void;
}

/** Calls the handlers line by line. A half line at the end of the stream, from a killed process, is dropped. */
export function readEventLines(stream: Readable, handlers: EventLineHandlers): Promise<void> {
  const splitter = new LineSplitter();
  const take = (line: string): void => {
    const parsed = parseLine(line, trainerEvent);
    if ('value' in parsed) handlers.onEvent(parsed.value, line);
    else handlers.onForeignLine(line, parsed.fault);
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    for (const line of splitter.push(chunk)) if (line.trim() !== '') take(line);
    if (splitter.rest.length <= maxLineBytes) return;
    take(splitter.rest.slice(0, 200));
    splitter.rest = '';
  });
  return new Promise((done) => {
    stream.once('close', done);
    stream.once('error', () => done());
  });
}

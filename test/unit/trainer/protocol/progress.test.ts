import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { EventOf, TrainerEvent } from '../../../../schemas/trainer-event';
import { createEventSink, eventsDescriptor } from '../../../../trainer/protocol/events';
import { createProgress } from '../../../../trainer/protocol/progress';
import { failures, type FailureCode } from '../../../../core/failures';
import { exitCodeOf } from '../../../../trainer/protocol/failures';
import { temporaryFolder } from '../../../support/temporary';

describe('progress', () => {
  it('is reported at the first and last step, and not at every one between', () => {
    const sent: TrainerEvent[] = [];
    const sink = { broken: false, emit: (event: TrainerEvent) => void sent.push(event) };
    const progress = createProgress(sink, { phase: 'train', steps: 500 });
    for (let step = 1; step <= 500; step += 1) progress.report(step, { tokens: 10, loss: 1 / step });
    const steps = sent.map((event) => (event as EventOf<'progress'>).step);
    assert.equal(steps[0], 1);
    assert.equal(steps.at(-1), 500);
    assert.ok(steps.length < 10, `${steps.length} events`);
    assert.equal((sent.at(-1) as EventOf<'progress'>).secondsLeft, 0);
  });
});

describe('events', () => {
  const folder = temporaryFolder();

  it('are lines that every reader splits in the same places', () => {
    const path = folder.at('events.jsonl');
    const descriptor = openSync(path, 'w');
    const sink = createEventSink(descriptor);
    const event = { event: 'warning', code: 'X', message: 'a\nb\u2028c\u2029d' } as const;
    sink.emit(event);
    sink.emit(event);
    closeSync(descriptor);
    const lines = readFileSync(path, 'utf8').split(/[\n\u2028\u2029]/);
    assert.equal(lines.length, 3);
    for (const line of lines.slice(0, 2)) assert.deepEqual(JSON.parse(line), event);
  });

  it('that cannot be written mark the sink broken, once', () => {
    const descriptor = openSync('/dev/full', 'w');
    const sink = createEventSink(descriptor);
    sink.emit({ event: 'warning', code: 'X', message: 'lost' });
    closeSync(descriptor);
    assert.equal(sink.broken, true);
    assert.doesNotThrow(() => sink.emit({ event: 'warning', code: 'X', message: 'lost' }));
  });

  it('go to the named descriptor if it is open, else to standard output', () => {
    const descriptor = openSync(folder.at('open'), 'w');
    assert.equal(eventsDescriptor({ BUDGETLINE_EVENTS_FD: String(descriptor) }), descriptor);
    closeSync(descriptor);
    assert.equal(eventsDescriptor({ BUDGETLINE_EVENTS_FD: '999' }), 1);
    assert.equal(eventsDescriptor({ BUDGETLINE_EVENTS_FD: 'three' }), 1);
    assert.equal(eventsDescriptor({}), 1);
  });
});

describe('exit statuses', () => {
  it('are those of the registry of failures, never 0', () => {
    for (const code of Object.keys(failures) as FailureCode[]) {
      const stated = failures[code].exitCode;
      if (stated !== undefined) assert.equal(exitCodeOf(code), stated);
      assert.ok(exitCodeOf(code) >= 64 && exitCodeOf(code) <= 79, code);
    }
  });
});

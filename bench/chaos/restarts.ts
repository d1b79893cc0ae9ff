import type { EventOf, TrainerEvent } from '../../schemas/trainer-event';

/** A restart of a training, and the steps that it repeated. */
export interface Restart {
  /** Step of the checkpoint from which it resumed. */
  readonly from: number;
  /** Steps after it that had been done before. */
  readonly redone: number;
  /** The most that may be repeated: one interval, and one more for each damaged checkpoint. */
  readonly allowed: number;
  /** Whether an earlier trainer had written a checkpoint. */
  readonly hadCheckpoint: boolean;
}

/** The events of each trainer of a training, oldest first. */
function split(events: readonly TrainerEvent[]): TrainerEvent[][] {
  const trainers: TrainerEvent[][] = [];
  for (const event of events)
    if (event.event === 'hello') trainers.push([event]);
    else trainers.at(-1)?.push(event);
  return trainers.filter(([hello]) => hello?.event === 'hello' && /^(sft|preference)$/.test(hello.command));
}

function all<E extends TrainerEvent['event']>(events: readonly TrainerEvent[], kind: E): EventOf<E>[] {
  return events.filter((event): event is EventOf<E> => event.event === kind);
}

/** The restarts of a stage's training, from the events of its trainers. */
export function restartsOf(events: readonly TrainerEvent[], interval: number): Restart[] {
  const trainers = split(events);
  return trainers.slice(1).map((trainer, index) => {
    const earlier = trainers.slice(0, index + 1).flat();
    const from = all(trainer, 'hello')[0]?.resumedFromStep ?? 0;
    const done = Math.max(0, ...all(earlier, 'metric').map(({ step }) => step));
    const damaged = all(trainer, 'warning').filter(({ code }) => code === 'CHECKPOINT_DAMAGED').length;
    return {
      from,
      redone: Math.max(0, done - from),
      allowed: interval * (1 + damaged),
      hadCheckpoint: all(earlier, 'checkpoint').length > 0,
    };
  });
}

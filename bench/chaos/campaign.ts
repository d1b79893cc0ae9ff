import { setTimeout as sleep } from 'node:timers/promises';
import { randomChoice, randomInteger } from '../../tasks/random';
import type { SweepPlan } from '../../planning';
import { faultKinds, faultRules, type FaultKind, type Stage } from './faults';
import { listTargets, type Target } from './targets';

/** One fault and its effect. */
export interface Fault {
  readonly kind: FaultKind;
  readonly stage: string;
  readonly stageKind: string;
  readonly step: number;
  /** After a save and before the result. */
  readonly saved: boolean;
  /** Whether it hit running work. */
  readonly hit: boolean;
}

/** The number of faults of each kind; kills are counted by the kind of stage that they hit. */
export interface Quota {
  readonly kinds: Readonly<Partial<Record<FaultKind, number>>>;
  readonly kills: Readonly<Record<string, number>>;
  /** Weight of a kill, which needs a kind of stage, against other faults. Default: 1. */
  readonly killWeight?: number;
}

export interface CampaignOptions extends Stage {
  readonly plan: SweepPlan;
  readonly home: string;
  readonly quota: Quota;
  /** Aborted when the sweep has ended. */
  readonly over: AbortSignal;
  readonly onFault: (fault: Fault) => void;
}

interface Chance {
  readonly kind: FaultKind;
  readonly target: Target;
  readonly stageKind: string;
}

/** Repeats faults until the quota is met or the sweep is over; faults that missed do not count. */
export class Campaign {
  readonly faults: Fault[] = [];
  readonly #kinds: ReadonlyMap<string, string>;
  /** Trainers that were stopped and wait to be killed. */
  readonly #doomed = new Set<number>();

  constructor(private readonly options: CampaignOptions) {
    const stages = options.plan.stages.map(({ stage }) => [stage.key, stage.kind] as const);
    this.#kinds = new Map(stages);
  }

  async run(): Promise<void> {
    const { over, random } = this.options;
    while (!over.aborted && this.#wanted().length > 0) {
      const chances = await this.#look();
      if (chances.length > 0) await this.#strike(randomChoice(random, chances));
      await sleep(chances.length > 0 ? randomInteger(random, 100, 1_200) : 40);
    }
  }

  count(kind: FaultKind, stageKind?: string): number {
    const hits = this.faults.filter((fault) => fault.hit && fault.kind === kind);
    return hits.filter((fault) => stageKind === undefined || (fault.stageKind === stageKind && fault.saved))
      .length;
  }

  /** Faults of a kind that are still missing under a kind of stage. */
  #missing(kind: FaultKind, stageKind: string): number {
    const { kinds, kills } = this.options.quota;
    const [wanted, found] =
      kind === 'trainer-killed'
        ? [kills[stageKind], this.count(kind, stageKind)]
        : [kinds[kind], this.count(kind)];
    return Math.max(0, (wanted ?? 0) - found);
  }

  #wanted(): FaultKind[] {
    const stageKinds = [...new Set(this.#kinds.values())];
    return faultKinds.filter((kind) => stageKinds.some((stageKind) => this.#missing(kind, stageKind) > 0));
  }

  /** Possible hits, each weighted by the number of its faults that are still missing. */
  async #look(): Promise<Chance[]> {
    const { home, world, quota } = this.options;
    const { killWeight = 1 } = quota;
    const targets = (await listTargets(home, world.log)).filter(({ pid }) => !this.#doomed.has(pid));
    return this.#wanted().flatMap((kind) =>
      targets.flatMap((target) => {
        const stageKind = this.#kinds.get(target.id);
        const fits = stageKind !== undefined && faultRules[kind].fits(target, this.options);
        if (!fits) return [];
        const weight = this.#missing(kind, stageKind) * (kind === 'trainer-killed' ? killWeight : 1);
        return Array.from({ length: weight }, () => ({ kind, target, stageKind }));
      }),
    );
  }

  async #strike({ kind, target, stageKind }: Chance): Promise<void> {
    if (kind === 'worker-killed-trainer-stopped') this.#doomed.add(target.pid);
    const hit = await faultRules[kind].hit(target, this.options);
    const { id, step, saved } = target;
    const fault = { kind, stage: id, stageKind, step, saved, hit };
    this.faults.push(fault);
    this.options.onFault(fault);
  }
}

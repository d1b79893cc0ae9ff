type Figures = Readonly<Record<string, number>>;

/** What another task of an evaluation is called: in its scores, its folder, the names of its files and figures. */
export const nameOfAuxiliary = ({
  task,
  name = task,
}: {
  readonly task: string;
  readonly name?: string | undefined;
}): string => name;

const prefixOf = (name: string): string => `beside.${name}.`;

/** Figures of a task beside as figures of its stage, "beside.ifeval.score"; those of no name as they are. */
export function figuresUnder(name: string, figures: Figures): Record<string, number> {
  if (name === '') return { ...figures };
  const named = Object.entries(figures).map(([figure, value]) => [prefixOf(name) + figure, value] as const);
  return Object.fromEntries(named);
}

/** The same read back, by the tasks' names, which have no full stop. */
export function auxiliaryFigures(metrics: Figures): ReadonlyMap<string, Figures> {
  const found = new Map<string, Record<string, number>>();
  for (const [key, value] of Object.entries(metrics)) {
    const [, name, figure] = /^beside\.([^.]+)\.(.+)$/.exec(key) ?? [];
    if (name === undefined || figure === undefined) continue;
    found.set(name, { ...found.get(name), [figure]: value });
  }
  return found;
}

/** What an evaluation found on one task. */
export interface FoundScore {
  /** Of a task beside; null of that which is tuned for. */
  readonly auxiliary: string | null;
  readonly items: number;
  readonly score: number;
  /** Of the 95 % interval over the items. */
  readonly low: number;
  readonly high: number;
}

/** What the figures of an evaluation say: first of the task that is tuned for, then of those beside. */
export function foundScores(metrics: Figures): FoundScore[] {
  const parts: (readonly [string | null, Figures])[] = [[null, metrics], ...auxiliaryFigures(metrics)];
  return parts.flatMap(([auxiliary, { items, score, scoreLow: low, scoreHigh: high }]) =>
    items === undefined || score === undefined || low === undefined || high === undefined
      ? []
      : [{ auxiliary, items, score, low, high }],
  );
}

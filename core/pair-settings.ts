/** Defaults of the settings that decide which samples make a pair. */
export const pairDefaults = { chosen: 'best-sample', threshold: 0.5, minMargin: 0.1, labels: 2 } as const;

/** Settings of pairs that depend on each other. */
export interface PairChoice {
  readonly chosen: string;
  readonly threshold: number;
  readonly minMargin: number;
  readonly candidates: number;
  readonly annotator?: string;
  readonly labels: number;
}

const byScores = ['chosen', 'threshold', 'minMargin'] as const;

/** Settings that do not fit the way in which pairs are decided, each with the reason. Defaults always fit. */
export function unfitPairSettings(pairs: PairChoice): { readonly field: string; readonly reason: string }[] {
  const changed = (field: keyof typeof pairDefaults): boolean => pairs[field] !== pairDefaults[field];
  if (pairs.annotator === undefined)
    return changed('labels') ? [{ field: 'labels', reason: 'has no effect without pairs.annotator' }] : [];
  const reason = 'has no effect with pairs.annotator, whose labels decide';
  const unused = byScores.filter(changed).map((field) => ({ field, reason }));
  if (pairs.candidates > 1) return unused;
  return [...unused, { field: 'candidates', reason: 'pairs.annotator compares two samples of a prompt' }];
}

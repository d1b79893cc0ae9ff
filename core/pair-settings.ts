/** Defaults of the settings that decide which samples make a pair. */
export const pairDefaults = { chosen: 'best-sample', threshold: 0.5, minMargin: 0.1, labels: 2 } as const;

/** What `syntheticDefaults` sets: an untrained model has no correct samples. */
export const syntheticPairs = { chosen: 'gold', candidates: 1 } as const;

/** Settings of pairs that depend on each other. */
export interface PairChoice {
  readonly chosen: string;
  readonly threshold: number;
  readonly minMargin: number;
  readonly candidates: number;
  readonly annotator?: string;
  readonly labels: number;
}

/** A setting without an effect, and the reason. */
export interface UnfitSetting {
  readonly field: string;
  readonly reason: string;
}

type Changeable = keyof typeof pairDefaults;

const isChanged = (pairs: PairChoice, field: Changeable): boolean => pairs[field] !== pairDefaults[field];

const byScores = ['chosen', 'threshold', 'minMargin'] as const;

/** Settings that do not fit the way in which pairs are decided, each with the reason. Defaults always fit. */
export function unfitPairSettings(pairs: PairChoice): UnfitSetting[] {
  const changed = (field: Changeable): boolean => isChanged(pairs, field);
  if (pairs.annotator === undefined)
    return changed('labels') ? [{ field: 'labels', reason: 'has no effect without pairs.annotator' }] : [];
  const reason = 'has no effect with pairs.annotator, whose labels decide';
  const unused = byScores.filter(changed).map((field) => ({ field, reason }));
  if (pairs.candidates > 1) return unused;
  return [...unused, { field: 'candidates', reason: 'pairs.annotator compares two samples of a prompt' }];
}

/**
 * Settings that have no effect where the pairs come from a file, each with the reason. Defaults always fit, also those of
 * `syntheticDefaults`.
 *
 * @param samplesToo whether correct samples are made too: they have the threshold
 */
export function unusedPairSettings(
  pairs: PairChoice,
  { samplesToo }: { samplesToo: boolean },
): UnfitSetting[] {
  const reason =
    'has no effect with annotations.preferences, whose file has the pairs; leave it out, or annotations.preferences';
  const isSynthetic =
    pairs.chosen === syntheticPairs.chosen && pairs.candidates === syntheticPairs.candidates;
  const fields: Changeable[] = [
    ...(isSynthetic ? [] : (['chosen'] as const)),
    ...(samplesToo ? [] : (['threshold'] as const)),
    'minMargin',
    // Without an annotator they are refused in any case.
    ...(pairs.annotator === undefined ? [] : (['labels'] as const)),
  ];
  const changed = fields.filter((field) => isChanged(pairs, field)).map((field) => ({ field, reason }));
  return pairs.annotator === undefined ? changed : [{ field: 'annotator', reason }, ...changed];
}

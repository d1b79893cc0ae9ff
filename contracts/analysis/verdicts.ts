export type ClaimId = 'C1' | 'C2' | 'C3' | 'C4' | 'C5';

/** A verdict on one of the study's five claims, over this sweep's own data. */
export interface ClaimVerdict {
  readonly claim: ClaimId;
  readonly title: string;
  /** The rule in one sentence, with its margin and budgets. */
  readonly rule: string;
  readonly verdict: 'confirmed' | 'refuted' | 'undecided' | 'not tested';
  /** Undecided only: the direction of the numbers. */
  readonly pointsTo: 'for' | 'against' | 'unclear' | null;
  /** True: `pointsTo` is conditional on fewer than three seeds, too small a gain over the base, or failed cells. */
  readonly conditional: boolean;
  /** Sentences with the numbers. */
  readonly evidence: readonly string[];
  /** The deciding sentence of `evidence`: the comparison that is most against the claim. */
  readonly decidedBy: string | null;
  /** True: there are no bounds, and point estimates are compared. */
  readonly pointStatement: boolean;
}

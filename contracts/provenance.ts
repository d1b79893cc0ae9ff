/**
 * What identifies an annotator or judge apart from its name. It influences the answers, so it is in the
 * keys of the stages that use it. Prices, rates and addresses are not part of it.
 */
export interface AnnotatorIdentity {
  readonly kind: 'program' | 'endpoint' | 'people' | 'checkpoint';
  /** Programs only: increase it when the answers change. */
  readonly version?: number;
  /** Endpoint: the model's name. Checkpoint: SHA-256 of its folder. */
  readonly model?: string;
  /** SHA-256 of the prompt template. */
  readonly promptTemplateSha256?: string;
  /** Further settings, plain JSON: temperature, longest answer. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** An identity with its digest for stage keys. */
export interface IdentifiedSource extends AnnotatorIdentity {
  /** SHA-256 over all of it. */
  readonly digest: string;
}

/** Sources of a dataset's rows. Unknown fields are left out. */
export interface Provenance {
  /** Source of the prompts or of the file's rows: an address, a sentence or a digest. */
  readonly source: string;
  /** A license's SPDX name or address; "unknown" if not stated. */
  readonly license: string;
  /** Who or what annotated: people, a model, a program. */
  readonly annotator: string;
  /** The annotating model, if there is one. */
  readonly model?: string;
  /** SHA-256 of its prompt template. */
  readonly promptTemplateSha256?: string;
  /** US dollars per row. */
  readonly usdPerRow?: number;
}

/**
 * What an annotator or judge is beyond its name. All of it changes what it answers, and so the keys of the stages that
 * ask it; prices, rates and addresses stand outside.
 */
export interface AnnotatorIdentity {
  readonly kind: 'program' | 'endpoint' | 'people' | 'checkpoint';
  /** Of a program: raised when it answers otherwise. */
  readonly version?: number;
  /** Of an endpoint the model's name, of a checkpoint the SHA-256 of its folder. */
  readonly model?: string;
  /** SHA-256 of what it is told beside the problem. */
  readonly promptTemplateSha256?: string;
  /** Further settings, plain JSON: temperature, longest answer. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** The same with its place in stages' keys. */
export interface IdentifiedSource extends AnnotatorIdentity {
  /** SHA-256 over all of it. */
  readonly digest: string;
}

/** Where a dataset's rows are from. What is not known is left out, never guessed. */
export interface Provenance {
  /** Where the prompts and, of a file, the rows were taken from: an address, a sentence, a digest. */
  readonly source: string;
  /** A licence's SPDX name or address; "unknown" where nobody said. */
  readonly licence: string;
  /** Who or what annotated: people, a model, a program. */
  readonly annotator: string;
  /** The model that annotated, where one did. */
  readonly model?: string;
  /** SHA-256 of the prompt template that it was given. */
  readonly promptTemplateSha256?: string;
  /** US dollars a row. */
  readonly usdPerRow?: number;
}

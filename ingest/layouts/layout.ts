import type { DialogueForm } from '../messages';
import { type Row, refuse } from './row';

/** A row's texts, before it has an id. */
export type Texts =
  | { readonly prompt: string; readonly completion: string }
  | { readonly prompt: string; readonly chosen: string; readonly rejected: string }
  | { readonly prompt: string; readonly completion: string; readonly label: boolean };

/** An answer as the file has it. */
export interface Candidate {
  readonly field: string;
  readonly value: unknown;
}

/** A row's better and worse answer. */
export interface Judged {
  readonly chosen: Candidate;
  readonly rejected: Candidate;
}

/** One layout of a kind of rows. */
export interface Layout<T extends Texts = Texts> {
  /** For messages and the preview. */
  readonly name: string;
  /** Its fields, for messages. */
  readonly fields: string;
  readonly fits: (row: Row) => boolean;
  /** @throws RowRefused */
  readonly read: (row: Row, form: DialogueForm) => T;
}

export const missing = (field: string, remedy: string): never => refuse(field, 'is missing', remedy);

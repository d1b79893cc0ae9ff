import { z } from 'zod';
import { isName, nameRule } from '../core/names';

/** 0 … 1, both included. */
export const fraction = z.number().min(0).max(1);
/** 0 … 1, without 1. */
export const decay = z.number().min(0).lt(1);
export const positive = z.number().positive();
/** A whole number above 0. */
export const count = z.int().positive();
export const seed = z.int().nonnegative();
/** SHA-256, hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Name of a task, annotator, judge or axis. */
export const name = z.string().refine(isName, `a name of ${nameRule()}, is needed`);

/** A refused field, relative to the checked object. */
export interface FieldIssue {
  readonly path: PropertyKey[];
  readonly message: string;
}

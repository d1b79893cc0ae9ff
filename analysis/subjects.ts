import type { SubjectName } from '../contracts/analysis/sweep';
import { type Coordinates, describeCoordinates } from '../core/coordinates';

/** "GSM8K, Llama 3.1 8B, annotator = clean". */
export function nameSubject({ task, model, axes }: SubjectName): string {
  return [task, model, describeCoordinates(axes)].filter((part) => part !== '').join(', ');
}

/** A key that is equal for two subjects exactly if they are one grid. */
export function subjectKey({ task, model, axes = {} }: SubjectName): string {
  return JSON.stringify([task, model, Object.entries(axes).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Several grids in one table: names of columns, and a row for each. */
export interface Places {
  readonly names: readonly string[];
  /** In the order of the names. */
  readonly rows: readonly (readonly string[])[];
}

/** Columns for task and model if they vary, and for all axes. */
export function distinguish(subjects: readonly SubjectName[]): Places {
  const all = subjects.map(({ task, model, axes }): Coordinates => ({ task, model, ...axes }));
  const varies = (name: string): boolean => new Set(all.map((place) => place[name])).size > 1;
  const onAxes = new Set(subjects.flatMap(({ axes = {} }) => Object.keys(axes)));
  const names = [...new Set(all.flatMap((place) => Object.keys(place)))];
  const kept = names.filter((name) => onAxes.has(name) || varies(name));
  return { names: kept, rows: all.map((place) => kept.map((name) => place[name] ?? '')) };
}

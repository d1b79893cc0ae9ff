import assert from 'node:assert/strict';
import type { Tensor } from '../../../trainer/tensor';
import { noise, type GradientDigest } from './oracle-model';

export function assertClose(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1e-3, Math.abs(expected)),
    `${what}: ${actual} is not ${expected}`,
  );
}

/** Moments begin at 0 and are stored divided by 1 − β₁, so that after one step they are the gradients themselves. */
export function assertGradients(
  moments: ReadonlyMap<string, Tensor>,
  expected: Readonly<Record<string, GradientDigest>>,
  tolerance = 1e-5,
): void {
  assert.deepEqual([...moments.keys()].sort(), Object.keys(expected).sort());
  for (const [name, { data }] of moments) {
    const digest = expected[name];
    assert.ok(digest);
    const probe = noise(data.length, 1000, 1);
    const norm = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
    const along = data.reduce((sum, x, i) => sum + x * (probe[i] ?? 0), 0);
    assertClose(norm, digest.norm, tolerance, `norm of ${name}`);
    assert.ok(
      Math.abs(along - digest.along) <= tolerance * digest.norm * Math.sqrt(data.length),
      `direction of ${name}`,
    );
    for (const [i, x] of digest.first.entries())
      assert.ok(Math.abs((data[i] ?? NaN) - x) <= tolerance * digest.norm, `element ${i} of ${name}`);
  }
}

/** A square matrix by rows. */
export type Matrix = readonly Float64Array[];

/** Lower L with L·Lᵀ = A for a positive definite A; a pivot that is negative by rounding counts as tiny. */
export function cholesky(a: Matrix): Matrix {
  const lower = a.map(() => new Float64Array(a.length));
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / lower[j]![j]!;
    }
  }
  return lower;
}

/** x with L·x = b. */
export function solveLower(lower: Matrix, b: ArrayLike<number>): Float64Array {
  const x = new Float64Array(lower.length);
  for (let i = 0; i < x.length; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i]![k]! * x[k]!;
    x[i] = sum / lower[i]![i]!;
  }
  return x;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** L·v, to turn independent normals into correlated ones. */
export function multiplyLower(lower: Matrix, v: ArrayLike<number>): Float64Array {
  return Float64Array.from(lower, (row, i) => {
    let sum = 0;
    for (let k = 0; k <= i; k++) sum += row[k]! * v[k]!;
    return sum;
  });
}

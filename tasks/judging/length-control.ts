/** One judged answer: its win, 0 … 1, and its length minus the reference's, in characters. */
export interface JudgedLength {
  readonly win: number;
  readonly longerBy: number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Ridge penalty: keeps weights finite where all answers win. */
const ridge = 1e-2;
const steps = 30;

/** One Newton step of a logistic regression with an intercept and one feature. */
function improve([bias, slope]: readonly [number, number], rows: readonly { x: number; y: number }[]) {
  const gradient = [-ridge * bias, -ridge * slope];
  const curvature = [ridge, 0, ridge];
  for (const { x, y } of rows) {
    const p = sigmoid(bias + slope * x);
    const weight = p * (1 - p);
    gradient[0]! += y - p;
    gradient[1]! += (y - p) * x;
    curvature[0]! += weight;
    curvature[1]! += weight * x;
    curvature[2]! += weight * x * x;
  }
  const [a, b, c] = curvature as [number, number, number];
  const determinant = a * c - b * b;
  const [g, h] = gradient as [number, number];
  return [bias + (c * g - b * h) / determinant, slope + (a * h - b * g) / determinant] as const;
}

/**
 * The length-controlled win rate: a logistic regression of wins on the tanh of the length difference in standard
 * deviations, evaluated at difference 0 (Dubois et al., *Length-Controlled AlpacaEval*, 2024, with one intercept for the
 * model and none for items).
 *
 * @returns 0 … 1; NaN without rows
 */
export function lengthControlledWinRate(answers: readonly JudgedLength[]): number {
  const { length } = answers;
  if (length === 0) return Number.NaN;
  const mean = answers.reduce((sum, { longerBy }) => sum + longerBy, 0) / length;
  const deviation = Math.sqrt(
    answers.reduce((sum, { longerBy }) => sum + (longerBy - mean) ** 2, 0) / length,
  );
  const rows = answers.map(({ win, longerBy }) => ({ x: Math.tanh(longerBy / (deviation || 1)), y: win }));
  let weights: readonly [number, number] = [0, 0];
  for (let step = 0; step < steps; step += 1) weights = improve(weights, rows);
  return sigmoid(weights[0]);
}

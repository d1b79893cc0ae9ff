import {
  add,
  apply,
  broadcastTo,
  concat,
  constant,
  div,
  dynamicPad,
  dynamicSlice,
  gatherRows,
  matmul,
  mul,
  neg,
  reduceSum,
  reshape,
  rope,
  scalar,
  scatterAddRows,
  sigmoid,
  split,
  sub,
  transpose,
} from './ops';
import { headGradient, logitGradients } from './chunks';
import type { Op, PrimitiveName, Primitives, Shape, Value } from './primitives';

/** Values by position. The shape rule of an op has checked their number, so a gradient rule names only those there are. */
type Values = readonly [Value, Value, Value, Value, Value, Value];

interface Applied<N extends PrimitiveName> {
  readonly parameters: Primitives[N];
  readonly outputs: Values;
  /** Gradients of all outputs. null: the loss does not depend on the output. */
  readonly gradients: readonly (Value | null)[];
}

/** Gradients of an op's inputs, still in the broadcast shape. null or left out: no gradient. */
export type InputGradients = readonly (Value | null)[];

type GradientRule<N extends PrimitiveName> = (g: Value, inputs: Values, op: Applied<N>) => InputGradients;

function withOnes(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Zeros of the given size along an axis. */
function zeros(shape: Shape, axis: number, size: number): Value {
  const full = shape.map((old, index) => (index === axis ? size : old));
  return broadcastTo(
    constant(
      new Float32Array(1),
      full.map(() => 1),
    ),
    full,
  );
}

function rowSum(x: Value): Value {
  return reduceSum(x, [x.shape.length - 1], true);
}

function select(condition: Value, yes: Value, no: Value): Value {
  return apply('where', [condition, yes, no], {})[0]!;
}

const none = (): InputGradients => [];

/**
 * The vector-Jacobian product of each primitive: from the gradient g of its first output to those of its inputs. Rules
 * emit ordinary nodes; unused ones never reach a model. The calculus is above each rule; ∘ is the element-wise product.
 */
const gradientRules: { readonly [N in PrimitiveName]: GradientRule<N> } = {
  input: none,
  constant: none,
  bodyInput: none,

  // d(a + b) = da + db
  add: (g) => [g, g],
  // d(a − b) = da − db
  sub: (g) => [g, neg(g)],
  // d(a b) = b da + a db
  mul: (g, [a, b]) => [mul(g, b), mul(g, a)],
  // d(a / b) = da / b − (a / b) db / b
  div: (g, [, b], { outputs: [y] }) => {
    const overB = div(g, b);
    return [overB, neg(mul(overB, y))];
  },
  // No gradient: not differentiable, or (minimum) never part of a loss.
  minimum: none,
  equal: none,
  lessOrEqual: none,
  and: none,
  not: none,
  // d where(c, a, b) = where(c, da, 0) + where(c, 0, db)
  where: (g, [c]) => [null, select(c, g, scalar(0)), select(c, scalar(0), g)],
  // d(−x) = −dx
  neg: (g) => [neg(g)],
  // d eˣ = eˣ dx
  exp: (g, _, { outputs: [y] }) => [mul(g, y)],
  // d log x = dx / x
  log: (g, [x]) => [div(g, x)],
  // d √x = dx / (2 √x)
  sqrt: (g, _, { outputs: [y] }) => [div(mul(g, scalar(0.5)), y)],
  // d σ(x) = σ (1 − σ) dx
  sigmoid: (g, _, { outputs: [σ] }) => [mul(g, mul(σ, sub(scalar(1), σ)))],
  // d log(1 + eˣ) = σ(x) dx
  softplus: (g, [x]) => [mul(g, sigmoid(x))],
  cast: none,

  // Rearrangements: the gradient is rearranged back.
  reshape: (g, [x]) => [reshape(g, x.shape)],
  transpose: (g, _, { parameters: { permutation } }) => [
    transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  // Every copy has the gradient of its element; `differentiate` adds the copies up.
  broadcastTo: (g) => [g],
  concat: (g, inputs, { parameters: { axis } }) =>
    split(
      g,
      axis,
      inputs.map(({ shape }) => shape.at(axis) ?? 0),
    ),
  slice: (g, [{ shape }], { parameters: { axis, start, end } }) => {
    const remaining = (shape[axis] ?? 0) - end;
    const parts = [
      ...(start > 0 ? [zeros(shape, axis, start)] : []),
      g,
      ...(remaining > 0 ? [zeros(shape, axis, remaining)] : []),
    ];
    return [concat(parts, axis)];
  },
  split: (_, [{ shape }], { parameters: { axis, sizes }, gradients }) => [
    concat(
      sizes.map((size, index) => gradients[index] ?? zeros(shape, axis, size)),
      axis,
    ),
  ],
  // y_n = table_{i_n}  ⇒  d table_v = Σ over n with i_n = v of g_n
  gatherRows: (g, [table, indices]) => [scatterAddRows(g, indices, table.shape[0] ?? 0)],
  // Rows outside of the slice have no influence.
  dynamicSlice: (g, [x, start]) => [dynamicPad(g, start, x.shape[0] ?? 0)],
  dynamicSliceRange: none,
  // The rows of zeros do not depend on x.
  dynamicPad: (g, [x, count]) => [dynamicSlice(g, count, x.shape[0] ?? 0)],
  // y_v = Σ over n with i_n = v of u_n  ⇒  du_n = g_{i_n}
  scatterAddRows: (g, [, indices]) => [gatherRows(g, indices)],

  // d Σx = Σ dx: every element gets the gradient of its sum
  reduceSum: (g, [{ shape }], { parameters: { axes } }) => [
    broadcastTo(reshape(g, withOnes(shape, axes)), shape),
  ],
  reduceMax: none,
  argMax: none,
  topK: none,
  cumulativeSum: none,
  // y = softmax(x)  ⇒  dx = y ∘ (g − Σ g ∘ y)
  softmax: (g, _, { outputs: [y] }) => [mul(y, sub(g, rowSum(mul(g, y))))],

  // Y = α A B  ⇒  dA = α g Bᵀ, dB = α Aᵀ g; and the same with A or B transposed.
  matmul: (g, [a, b], { parameters: { transA, transB, alpha } }) => [
    transA ? matmul(b, g, { transA: transB, transB: true, alpha }) : matmul(g, b, { transB: !transB, alpha }),
    transB ? matmul(g, a, { transA: true, transB: transA, alpha }) : matmul(a, g, { transA: !transA, alpha }),
  ],

  // y = x r ∘ w with r = (mean x² + ε)^−½. With u = g ∘ x, which both gradients need:
  // dx = r (g ∘ w) − x (r³ / D) (u w),  dw = rᵀ u
  rmsNorm: (g, [x, w], { outputs: [, r] }) => {
    const width = x.shape.at(-1) ?? 1;
    const u = mul(g, x);
    const projection = matmul(u, reshape(w, [width, 1]), { alpha: 1 / width });
    const dx = sub(mul(mul(g, w), r), mul(x, mul(projection, mul(r, mul(r, r)))));
    return [dx, reshape(matmul(r, u, { transA: true }), w.shape)];
  },
  // The transpose of a rotation by θ is the rotation by −θ: the same op with −sin.
  rope: (g, [, positions, cos, sin], { parameters: { heads } }) => [
    rope(g, positions, { cos, sin: neg(sin) }, heads),
  ],
  // y = s ∘ up with s = gate σ, σ = σ(gate):  dup = g ∘ s,  dgate = g ∘ up ∘ (σ + s (1 − σ))
  swiglu: (g, [gate, up], { outputs: [, s] }) => {
    const σ = sigmoid(gate);
    return [mul(mul(g, up), add(σ, mul(s, sub(scalar(1), σ)))), mul(g, s)];
  },
  attention: none,
  varlenMasks: none,
  // S = scale q kᵀ + mask, P = softmax(S), o = P v. With dP = g vᵀ and D = Σ g ∘ o, which is Σ dP ∘ P by row:
  // dS = P ∘ (dP − D),  dq = scale dS k,  dk = scale dSᵀ q,  dv = Pᵀ g
  varlenAttention: (g, [, k, , lengths], { parameters, outputs: [output, ...saved] }) =>
    apply('varlenAttentionGradient', [g, output, lengths, ...saved], {
      ...parameters,
      size: k.shape[0] ?? 0,
    }),
  varlenAttentionGradient: none,
  // ℓ = z_t − log Σ eᶻ  ⇒  dz = g (onehot(t) − softmax(z))
  tokenLogProbability: (g, [logits, targets], { outputs: [, all] }) => {
    const column = reshape(g, [...logits.shape.slice(0, -1), 1]);
    return [mul(logitGradients(all, targets), column)];
  },
  // dxₙ = gₙ ∂yₙ/∂xₙ,  dhead = Σₙ gₙ (onehot(tₙ) − softmax(zₙ)) xₙᵀ, for which the logits are recomputed
  chunkedLogProbability: (g, [, x, gradient, head, targets, count], { parameters: { rows } }) => {
    const column = reshape(g, [x.shape[0] ?? 0, 1]);
    return [null, mul(gradient, column), null, headGradient({ x, head, targets }, column, { count, rows })];
  },
  // y = x (W + s B A)ᵀ  ⇒  dx = g (W + s B A),  dA = s (g B)ᵀ x,  dB = s gᵀ (x Aᵀ): no dW is formed
  loraLinear: (g, [x, merged, a, b], { parameters: { scale } }) => [
    matmul(g, merged),
    null,
    matmul(matmul(g, b), x, { transA: true, alpha: scale }),
    matmul(g, matmul(x, a, { transB: true }), { transA: true, alpha: scale }),
  ],
  // Masks do not depend on trained parameters.
  dropoutMask: none,
  // The identity.
  optimizationBarrier: (g) => [g],
  loop: none,
};

/** Gradients of an op's inputs from those of its outputs. Only of `split` may a loss depend on more than the first output. */
export function inputGradients<N extends PrimitiveName>(
  { primitive, parameters, inputs, outputs }: Op<N>,
  gradients: readonly (Value | null)[],
): InputGradients {
  const [g, ...others] = gradients;
  if (primitive !== 'split' && (!g || others.some((other) => other !== null)))
    throw new Error('a loss may only depend on the first output of an op');
  return gradientRules[primitive](g as Value, inputs as Values, {
    parameters,
    outputs: outputs as Values,
    gradients,
  });
}

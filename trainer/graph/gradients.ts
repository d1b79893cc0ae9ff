import {
  add,
  apply,
  broadcastTo,
  concat,
  constant,
  div,
  gatherRows,
  matmul,
  mul,
  neg,
  reduceSum,
  reshape,
  dynamicPad,
  dynamicSlice,
  rope,
  scalar,
  scatterAddRows,
  sigmoid,
  split,
  sub,
  transpose,
} from './ops';
import { headGradient, logitGradients } from './chunks';
import { inputAt, sameShape } from './shapes';
import type { Op, PrimitiveName, Shape, Value } from './primitives';

/** Gradients of a scalar with respect to an op's inputs. null: no gradient. */
export type InputGradients = readonly (Value | null)[];

type GradientRule<N extends PrimitiveName> = (op: Op<N>, g: readonly (Value | null)[]) => InputGradients;

/** The gradient of the first output. A loss must not depend on the other outputs. */
function only(g: readonly (Value | null)[]): Value {
  const [first, ...rest] = g;
  if (first === undefined || first === null || rest.some((other) => other !== null))
    throw new Error('a loss may only depend on the first output of an op');
  return first;
}

/** The transpose of broadcasting: sums over the broadcast axes of `shape`. */
function unbroadcast(g: Value, shape: Shape): Value {
  if (sameShape(g.shape, shape)) return g;
  const offset = g.shape.length - shape.length;
  const axes = [...g.shape.keys()].filter((axis) => axis < offset || shape[axis - offset] !== g.shape[axis]);
  return reshape(reduceSum(g, axes), shape);
}

function unbroadcastPair(op: Op, a: Value, b: Value): InputGradients {
  return [unbroadcast(a, inputAt(op.inputs, 0).shape), unbroadcast(b, inputAt(op.inputs, 1).shape)];
}

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

const none: GradientRule<PrimitiveName> = (op) => op.inputs.map(() => null);

/**
 * The vector-Jacobian product of each primitive: from the gradient g of its output to those of its inputs. Rules emit
 * ordinary nodes; unused ones never reach a model. The calculus is above each rule; ∘ is the element-wise product.
 */
export const gradientRules: { readonly [N in PrimitiveName]: GradientRule<N> } = {
  input: none,
  constant: none,
  bodyInput: none,

  // d(a + b) = da + db
  add: (op, g) => unbroadcastPair(op, only(g), only(g)),
  // d(a − b) = da − db
  sub: (op, g) => unbroadcastPair(op, only(g), neg(only(g))),
  // d(a b) = b da + a db
  mul: (op, g) => {
    const [a, b] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1)];
    return unbroadcastPair(op, mul(only(g), b), mul(only(g), a));
  },
  // d(a / b) = da / b − (a / b) db / b
  div: (op, g) => {
    const b = inputAt(op.inputs, 1);
    const overB = div(only(g), b);
    return unbroadcastPair(op, overB, neg(mul(overB, inputAt(op.outputs, 0))));
  },
  // No gradient: not differentiable, or (minimum) never part of a loss.
  minimum: none,
  equal: none,
  lessOrEqual: none,
  and: none,
  not: none,
  // d where(c, a, b) = where(c, da, 0) + where(c, 0, db)
  where: (op, g) => {
    const [condition, a, b] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1), inputAt(op.inputs, 2)];
    const select = (yes: Value, no: Value): Value => inputAt(apply('where', [condition, yes, no], {}), 0);
    return [
      null,
      unbroadcast(select(only(g), scalar(0)), a.shape),
      unbroadcast(select(scalar(0), only(g)), b.shape),
    ];
  },
  // d(−x) = −dx
  neg: (_, g) => [neg(only(g))],
  // d eˣ = eˣ dx
  exp: (op, g) => [mul(only(g), inputAt(op.outputs, 0))],
  // d log x = dx / x
  log: (op, g) => [div(only(g), inputAt(op.inputs, 0))],
  // d √x = dx / (2 √x)
  sqrt: (op, g) => [div(mul(only(g), scalar(0.5)), inputAt(op.outputs, 0))],
  // d σ(x) = σ (1 − σ) dx
  sigmoid: (op, g) => {
    const s = inputAt(op.outputs, 0);
    return [mul(only(g), mul(s, sub(scalar(1), s)))];
  },
  // d log(1 + eˣ) = σ(x) dx
  softplus: (op, g) => [mul(only(g), sigmoid(inputAt(op.inputs, 0)))],
  cast: none,

  // Rearrangements: the gradient is rearranged back.
  reshape: (op, g) => [reshape(only(g), inputAt(op.inputs, 0).shape)],
  transpose: (op, g) => {
    const back = op.parameters.permutation.map((_, axis) => op.parameters.permutation.indexOf(axis));
    return [transpose(only(g), back)];
  },
  broadcastTo: (op, g) => [unbroadcast(only(g), inputAt(op.inputs, 0).shape)],
  concat: (op, g) => {
    const { axis } = op.parameters;
    return split(
      only(g),
      axis,
      op.inputs.map(({ shape }) => shape.at(axis) ?? 0),
    );
  },
  slice: (op, g) => {
    const { axis, start, end } = op.parameters;
    const { shape } = inputAt(op.inputs, 0);
    const remaining = (shape[axis] ?? 0) - end;
    const parts = [
      ...(start > 0 ? [zeros(shape, axis, start)] : []),
      only(g),
      ...(remaining > 0 ? [zeros(shape, axis, remaining)] : []),
    ];
    return [concat(parts, axis)];
  },
  split: (op, g) => {
    const { axis, sizes } = op.parameters;
    const parts = sizes.map((size, index) => g[index] ?? zeros(inputAt(op.inputs, 0).shape, axis, size));
    return [concat(parts, axis)];
  },
  // y_n = table_{i_n}  ⇒  d table_v = Σ over n with i_n = v of g_n
  gatherRows: (op, g) => {
    const [table, indices] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1)];
    return [scatterAddRows(only(g), indices, table.shape[0] ?? 0), null];
  },
  // Rows outside of the slice have no influence.
  dynamicSlice: (op, g) => [
    dynamicPad(only(g), inputAt(op.inputs, 1), inputAt(op.inputs, 0).shape[0] ?? 0),
    null,
  ],
  dynamicSliceRange: none,
  dynamicPad: (op, g) => [
    dynamicSlice(only(g), inputAt(op.inputs, 1), inputAt(op.inputs, 0).shape[0] ?? 0),
    null,
  ],
  // y_v = Σ over n with i_n = v of u_n  ⇒  du_n = g_{i_n}
  scatterAddRows: (op, g) => [gatherRows(only(g), inputAt(op.inputs, 1)), null],

  // d Σx = Σ dx: every element gets the gradient of its sum
  reduceSum: (op, g) => {
    const { shape } = inputAt(op.inputs, 0);
    return [broadcastTo(reshape(only(g), withOnes(shape, op.parameters.axes)), shape)];
  },
  reduceMax: none,
  argMax: none,
  topK: none,
  cumulativeSum: none,
  // y = softmax(x)  ⇒  dx = y ∘ (g − Σ g ∘ y)
  softmax: (op, g) => {
    const y = inputAt(op.outputs, 0);
    return [mul(y, sub(only(g), rowSum(mul(only(g), y))))];
  },

  // Y = α A B  ⇒  dA = α g Bᵀ, dB = α Aᵀ g; and the same with A or B transposed.
  matmul: (op, g) => {
    const [a, b] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1)];
    const { transA, transB, alpha } = op.parameters;
    const da = transA
      ? matmul(b, only(g), { transA: transB, transB: true, alpha })
      : matmul(only(g), b, { transB: !transB, alpha });
    const db = transB
      ? matmul(only(g), a, { transA: true, transB: transA, alpha })
      : matmul(a, only(g), { transA: !transA, alpha });
    return [da, db];
  },

  // y = x r ∘ w with r = (mean x² + ε)^−½. With u = g ∘ x, which both gradients need:
  // dx = r (g ∘ w) − x (r³ / D) (u w),  dw = rᵀ u
  rmsNorm: (op, g) => {
    const [x, w] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1)];
    const [r, width] = [inputAt(op.outputs, 1), x.shape.at(-1) ?? 1];
    const u = mul(only(g), x);
    const projection = matmul(u, reshape(w, [width, 1]), { alpha: 1 / width });
    const dx = sub(mul(mul(only(g), w), r), mul(x, mul(projection, mul(r, mul(r, r)))));
    return [dx, reshape(matmul(r, u, { transA: true }), w.shape)];
  },
  // The transpose of a rotation by θ is the rotation by −θ: the same op with −sin.
  rope: (op, g) => {
    const [positions, cos, sin] = [inputAt(op.inputs, 1), inputAt(op.inputs, 2), inputAt(op.inputs, 3)];
    return [rope(only(g), positions, { cos, sin: neg(sin) }, op.parameters.heads), null, null, null];
  },
  // y = s ∘ up with s = gate σ, σ = σ(gate):  dup = g ∘ s,  dgate = g ∘ up ∘ (σ + s (1 − σ))
  swiglu: (op, g) => {
    const [gate, up] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1)];
    const s = inputAt(op.outputs, 1);
    const σ = sigmoid(gate);
    const derivative = add(σ, mul(s, sub(scalar(1), σ)));
    return [mul(mul(only(g), up), derivative), mul(only(g), s)];
  },
  attention: none,
  varlenMasks: none,
  // S = scale q kᵀ + mask, P = softmax(S), o = P v. With dP = g vᵀ and D = Σ g ∘ o, which is Σ dP ∘ P by row:
  // dS = P ∘ (dP − D),  dq = scale dS k,  dk = scale dSᵀ q,  dv = Pᵀ g
  varlenAttention: (op, g) => {
    const [, k, , lengths] = op.inputs;
    if (k === undefined || lengths === undefined)
      throw new RangeError('varlenAttention needs keys and lengths');
    const [output, ...saved] = op.outputs;
    const inputs = [only(g), output!, lengths, ...saved];
    const size = k.shape[0] ?? 0;
    const [dq = null, dk = null, dv = null] = apply('varlenAttentionGradient', inputs, {
      ...op.parameters,
      size,
    });
    return [dq, dk, dv, ...op.inputs.slice(3).map(() => null)];
  },
  varlenAttentionGradient: none,
  // ℓ = z_t − log Σ eᶻ  ⇒  dz = g (onehot(t) − softmax(z))
  tokenLogProbability: (op, g) => {
    const [logits, targets] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1)];
    const column = reshape(only(g), [...logits.shape.slice(0, -1), 1]);
    return [mul(logitGradients(inputAt(op.outputs, 1), targets), column), null];
  },
  // dxₙ = gₙ ∂yₙ/∂xₙ,  dhead = Σₙ gₙ (onehot(tₙ) − softmax(zₙ)) xₙᵀ, for which the logits are recomputed
  chunkedLogProbability: (op, g) => {
    const column = reshape(only(g), [inputAt(op.inputs, 1).shape[0] ?? 0, 1]);
    const dx = mul(inputAt(op.inputs, 2), column);
    return [null, dx, null, headGradient(op, column), null, null];
  },
  // y = x (W + s B A)ᵀ  ⇒  dx = g (W + s B A),  dA = s (g B)ᵀ x,  dB = s gᵀ (x Aᵀ): no dW is formed
  loraLinear: (op, g) => {
    const [x, merged] = [inputAt(op.inputs, 0), inputAt(op.inputs, 1)];
    const [a, b] = [inputAt(op.inputs, 2), inputAt(op.inputs, 3)];
    const alpha = op.parameters.scale;
    const da = matmul(matmul(only(g), b), x, { transA: true, alpha });
    const db = matmul(only(g), matmul(x, a, { transB: true }), { transA: true, alpha });
    return [matmul(only(g), merged), null, da, db];
  },
  // Masks do not depend on trained parameters.
  dropoutMask: none,
  optimizationBarrier: (_, g) => [only(g), null],
  loop: none,
};

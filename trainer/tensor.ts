/** A named f32 tensor in row-major order. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Weights under their Hugging Face names, e.g. "model.layers.0.self_attn.q_proj.weight" [out, in]. */
export type Weights = ReadonlyMap<string, Tensor>;

/** A matrix [a, b] as [b, a]. */
export function transposed({ dims, data }: Tensor): Tensor {
  const [rows = 0, columns = 0] = dims;
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      turned[column * rows + row] = data[row * columns + column]!;
  return { dims: [columns, rows], data: turned };
}

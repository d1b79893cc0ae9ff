/** Number of pairs of labels on the same row, and of those that agree. */
export function countAlike(rows: readonly (readonly string[])[]) {
  const pairs = rows.flatMap((labels) =>
    labels.flatMap((label, at) => labels.slice(at + 1).map((other) => label === other)),
  );
  return { labelledAgain: pairs.length, labelledAlike: pairs.filter(Boolean).length };
}

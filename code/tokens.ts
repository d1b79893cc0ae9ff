import type ts from 'typescript';

type Typescript = typeof ts;

/** Newlines can end statements and members of classes: return⏎1. */
const end = ';end';

/** Tokens of code without comments and white space, and where statements end. @param skipped nodes to leave out */
export function tokensOf(
  is: Typescript,
  node: ts.Node,
  source: ts.SourceFile,
  skipped: ReadonlySet<ts.Node>,
): string[] {
  if (skipped.has(node) || is.isJSDoc(node)) return [];
  const children = node.getChildren(source);
  if (children.length === 0) return [node.getText(source)];
  const tokens = children.flatMap((child) => tokensOf(is, child, source, skipped));
  return is.isStatement(node) || is.isClassElement(node) ? [...tokens, end] : tokens;
}

import type ts from 'typescript';

type Typescript = typeof ts;

/** Whether a node is gone when the code runs. */
export function isTypeOnly(is: Typescript, node: ts.Node): boolean {
  if (is.isHeritageClause(node)) return node.token === is.SyntaxKind.ImplementsKeyword;
  if (is.isInterfaceDeclaration(node) || is.isTypeAliasDeclaration(node)) return true;
  return is.isTypeNode(node) && !is.isExpressionWithTypeArguments(node);
}

/** Whether an identifier is the name of a property, or is declared here. */
function isName(is: Typescript, node: ts.Identifier): boolean {
  const { parent } = node;
  if (is.isShorthandPropertyAssignment(parent)) return false;
  if (is.isBindingElement(parent) && parent.propertyName === node) return true;
  return (parent as { readonly name?: ts.Node }).name === node;
}

/** Whether CommonJS reads its own exports by it: module.exports, exports.NAME, module.exports.NAME. */
const isOwnExport = (is: Typescript, { parent }: ts.Identifier): boolean =>
  is.isPropertyAccessExpression(parent) &&
  /^(?:module|(?:module\.)?exports)$/.test(parent.expression.getText());

/** Whether an identifier refers to a name of its module, or to a local one of the same name. */
export const isReference = (is: Typescript, node: ts.Identifier): boolean =>
  !isName(is, node) || isOwnExport(is, node);

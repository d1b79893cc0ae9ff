import type ts from 'typescript';
import type { UserModule } from './module';
import type { Place } from './source-maps';

type Typescript = typeof ts;
type Call = ts.CallExpression | ts.NewExpression;

/** The call itself; inside a function or block, which has local names, the whole top-level statement. */
export function scopeOf(is: Typescript, call: ts.Node): ts.Node {
  let [statement, isNested] = [call, false];
  for (; !is.isSourceFile(statement.parent); statement = statement.parent)
    isNested ||=
      is.isFunctionLike(statement.parent) || is.isBlock(statement.parent) || is.isClassLike(statement.parent);
  return isNested ? statement : call;
}

function callsIn({ isCallExpression, isNewExpression }: Typescript, { source }: UserModule): Call[] {
  const calls: Call[] = [];
  const visit = (node: ts.Node): void => {
    if (isCallExpression(node) || isNewExpression(node)) calls.push(node);
    node.forEachChild(visit);
  };
  visit(source);
  return calls;
}

/** The innermost call at a place; where tools have moved places, the only call of that name. */
export function callAt(
  is: Typescript,
  module: UserModule,
  { line, column }: Place,
  name?: string,
): Call | undefined {
  const { source } = module;
  const at = (source.getLineStarts()[line - 1] ?? -1) + column - 1;
  const isCalled = (call: Call): boolean =>
    name === undefined || call.expression.getText(source).endsWith(name);
  const calls = callsIn(is, module).filter(isCalled);
  const isThere = (call: Call): boolean =>
    at >= call.getStart(source) && at <= (call.arguments?.[0]?.getStart(source) ?? call.getEnd());
  return calls.findLast(isThere) ?? (name !== undefined && calls.length === 1 ? calls[0] : undefined);
}

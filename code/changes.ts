import type ts from 'typescript';
import { declarationsOf, type Placed } from './declarations';
import { isReference, isTypeOnly } from './identifiers';
import type { UserModule } from './module';

type Typescript = typeof ts;

const mutators = /^(?:push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|set|add|delete|clear)$/;

/** Finds declarations that change a reached variable when their module is loaded. */
export class Changes {
  constructor(
    private readonly is: Typescript,
    /** Names of a module that are reached. */
    private readonly namesOf: (module: UserModule) => ReadonlySet<string>,
  ) {}

  /** Whether a declaration changes one itself, or calls a function that can. */
  isMadeBy({ module, node }: Placed): boolean {
    const { is } = this;
    if (isTypeOnly(is, node) || is.isFunctionLike(node) || this.#isOfInstances(node)) return false;
    if (this.#changes(module, node)) return true;
    const isCall = is.isCallExpression(node) || is.isNewExpression(node);
    if (isCall && this.#called(node).some((each) => this.#canChange({ module, node: each }, new Set())))
      return true;
    return is.forEachChild(node, (child) => this.isMadeBy({ module, node: child })) === true;
  }

  #isOfInstances(node: ts.Node): boolean {
    const { isPropertyDeclaration, SyntaxKind } = this.is;
    return (
      isPropertyDeclaration(node) &&
      !(node.modifiers ?? []).some(({ kind }) => kind === SyntaxKind.StaticKeyword)
    );
  }

  /** What a call may run: its function, and functions that it passes. */
  #called(call: ts.CallExpression | ts.NewExpression): ts.Node[] {
    return [call.expression, ...(call.arguments ?? []).filter((each) => this.is.isFunctionLike(each))];
  }

  /** Whether code, or what it refers to, has a change of a reached variable anywhere. */
  #canChange({ module, node }: Placed, seen: Set<ts.Node>): boolean {
    const { is } = this;
    if (seen.has(node) || isTypeOnly(is, node)) return false;
    seen.add(node);
    if (this.#changes(module, node)) return true;
    if (is.isIdentifier(node) && isReference(is, node)) {
      const found = declarationsOf(is, module, node.text);
      if (found.some((each) => this.#canChange(each, seen))) return true;
    }
    return is.forEachChild(node, (child) => this.#canChange({ module, node: child }, seen)) === true;
  }

  /** Whether a node is itself the change: x = …, x.y += …, x++, delete x.y, x.push(…). */
  #changes(module: UserModule, node: ts.Node): boolean {
    const target = this.#targetOf(node);
    if (target === undefined) return false;
    const names = this.namesOf(module);
    return this.#roots(target).some((name) => names.has(name) && name !== 'exports');
  }

  #targetOf(node: ts.Node): ts.Node | undefined {
    const { is } = this;
    if (is.isBinaryExpression(node)) return this.#isAssignment(node) ? node.left : undefined;
    if (is.isPrefixUnaryExpression(node) || is.isPostfixUnaryExpression(node)) {
      const { PlusPlusToken, MinusMinusToken } = is.SyntaxKind;
      return [PlusPlusToken, MinusMinusToken].some((kind) => kind === node.operator)
        ? node.operand
        : undefined;
    }
    if (is.isDeleteExpression(node)) return node.expression;
    if (!is.isCallExpression(node) || !is.isPropertyAccessExpression(node.expression)) return undefined;
    return mutators.test(node.expression.name.text) ? node.expression.expression : undefined;
  }

  #isAssignment({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
    const { FirstAssignment, LastAssignment } = this.is.SyntaxKind;
    return kind >= FirstAssignment && kind <= LastAssignment;
  }

  /** Names in a target: x of x.y[z], all of [x, y]. */
  #roots(target: ts.Node): string[] {
    const { is } = this;
    if (is.isPropertyAccessExpression(target) || is.isElementAccessExpression(target))
      return this.#roots(target.expression);
    if (is.isIdentifier(target)) return [target.text];
    return target.getChildren().flatMap((child) => this.#roots(child));
  }
}

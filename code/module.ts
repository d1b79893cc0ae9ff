import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type ts from 'typescript';

type Typescript = typeof ts;

/** A name that a module imports. */
export interface Imported {
  /** The text that names the other module. */
  readonly from: ts.StringLiteralLike;
  /** Its name in the other module; "*" for the whole module. */
  readonly name: string;
}

/** A user's module, split into top-level statements. */
export interface UserModule {
  readonly path: string;
  readonly source: ts.SourceFile;
  /** Name → what declares it: statements, and "a as b" of an export. */
  readonly declared: ReadonlyMap<string, readonly ts.Node[]>;
  readonly imported: ReadonlyMap<string, readonly Imported[]>;
  /** Statements that run whenever the module is loaded. */
  readonly effects: readonly ts.Statement[];
  /** Modules that are re-exported as a whole, or imported for their effects. */
  readonly whole: readonly ts.StringLiteralLike[];
}

function namesIn(typescript: Typescript, name: ts.BindingName): string[] {
  if (typescript.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    typescript.isBindingElement(element) ? namesIn(typescript, element.name) : [],
  );
}

const exportTarget = /^(?:module\.)?exports(?:\.([\w$]+)|\[(?:'([^']*)'|"([^"]*)")\])?$/;

/**
 * Names that CommonJS assignments exports.x = … and module.exports = … set, the latter as "exports"; undefined for other
 * statements. Compilers first write exports.x = void 0, which sets none.
 */
function assignedExports(typescript: Typescript, statement: ts.Statement): string[] | undefined {
  if (!typescript.isExpressionStatement(statement)) return undefined;
  const names: string[] = [];
  let value = statement.expression;
  while (typescript.isBinaryExpression(value) && isAssignment(typescript, value)) {
    const target = exportTarget.exec(value.left.getText(statement.getSourceFile()));
    if (target === null) break;
    names.push(target[1] ?? target[2] ?? target[3] ?? 'exports');
    value = value.right;
  }
  if (names.length === 0) return undefined;
  return typescript.isVoidExpression(value) ? [] : names;
}

const isAssignment = (typescript: Typescript, { operatorToken }: ts.BinaryExpression): boolean =>
  operatorToken.kind === typescript.SyntaxKind.EqualsToken;

/** Sorts a module's statements into declarations, imports and effects. */
class Sorting {
  readonly declared = new Map<string, ts.Node[]>();
  readonly imported = new Map<string, Imported[]>();
  readonly effects: ts.Statement[] = [];
  readonly whole: ts.StringLiteralLike[] = [];

  constructor(private readonly typescript: Typescript) {}

  #declare(names: readonly string[], node: ts.Node): void {
    for (const name of names) this.declared.set(name, [...(this.declared.get(name) ?? []), node]);
  }

  #take(as: string, imported: Imported): void {
    this.imported.set(as, [...(this.imported.get(as) ?? []), imported]);
  }

  #import({ importClause, moduleSpecifier }: ts.ImportDeclaration): void {
    const from = moduleSpecifier as ts.StringLiteral;
    if (importClause === undefined) this.whole.push(from);
    if (importClause === undefined || importClause.phaseModifier === this.typescript.SyntaxKind.TypeKeyword)
      return;
    const { name, namedBindings } = importClause;
    if (name !== undefined) this.#take(name.text, { from, name: 'default' });
    if (namedBindings === undefined) return;
    if (this.typescript.isNamespaceImport(namedBindings))
      this.#take(namedBindings.name.text, { from, name: '*' });
    else
      for (const element of namedBindings.elements)
        if (!element.isTypeOnly)
          this.#take(element.name.text, { from, name: (element.propertyName ?? element.name).text });
  }

  #export(statement: ts.ExportDeclaration): void {
    const { exportClause, moduleSpecifier, isTypeOnly } = statement;
    if (isTypeOnly) return;
    const from = moduleSpecifier as ts.StringLiteral | undefined;
    if (exportClause === undefined || !this.typescript.isNamedExports(exportClause)) {
      if (from !== undefined) this.whole.push(from);
      return;
    }
    for (const element of exportClause.elements) {
      const { name, propertyName } = element;
      if (element.isTypeOnly) continue;
      if (from !== undefined) this.#take(name.text, { from, name: (propertyName ?? name).text });
      // export { a as b }: "a as b" declares b and refers to a.
      else if (propertyName !== undefined) this.#declare([name.text], element);
    }
  }

  add(statement: ts.Statement): void {
    const is = this.typescript;
    if (is.isInterfaceDeclaration(statement) || is.isTypeAliasDeclaration(statement)) return;
    if (is.isImportDeclaration(statement)) this.#import(statement);
    else if (is.isExportDeclaration(statement)) this.#export(statement);
    else if (is.isExportAssignment(statement)) this.#declare(['default'], statement);
    else if (is.isVariableStatement(statement))
      this.#declare(
        statement.declarationList.declarations.flatMap(({ name }) => namesIn(is, name)),
        statement,
      );
    else if (is.isFunctionDeclaration(statement) || is.isClassDeclaration(statement))
      this.#declare([statement.name?.text ?? 'default', ...defaultOf(is, statement)], statement);
    else if (is.isImportEqualsDeclaration(statement)) {
      if (!statement.isTypeOnly) this.#declare([statement.name.text], statement);
    } else if (is.isEnumDeclaration(statement) || is.isModuleDeclaration(statement))
      this.#declare([statement.name.text], statement);
    else {
      const names = assignedExports(is, statement);
      if (names === undefined) this.effects.push(statement);
      else this.#declare(names, statement);
    }
  }
}

function defaultOf(
  typescript: Typescript,
  statement: ts.FunctionDeclaration | ts.ClassDeclaration,
): string[] {
  const isDefault = statement.modifiers?.some(({ kind }) => kind === typescript.SyntaxKind.DefaultKeyword);
  return isDefault === true ? ['default'] : [];
}

const codeExtensions = ['.ts', '.cts', '.mts', '.tsx', '.js', '.cjs', '.mjs', '.jsx'];

/** Whether a file is code; other imported files count by their bytes. */
export const isCode = (path: string): boolean => codeExtensions.includes(extname(path));

/** Parsed modules by path, valid while their text is unchanged: parts of a task share most modules. */
const known = new Map<string, UserModule>();

export function readModule(typescript: Typescript, path: string): UserModule {
  const text = readFileSync(path, 'utf8');
  const before = known.get(path);
  if (before?.source.text === text) return before;
  const module = parseModule(typescript, path, text);
  known.set(path, module);
  return module;
}

function parseModule(typescript: Typescript, path: string, text: string): UserModule {
  const { ScriptTarget, ScriptKind, createSourceFile } = typescript;
  const kind = path.endsWith('x') ? ScriptKind.TSX : ScriptKind.TS;
  const source = createSourceFile(path, text, ScriptTarget.Latest, true, kind);
  const sorting = new Sorting(typescript);
  for (const statement of source.statements) sorting.add(statement);
  const { declared, imported, effects, whole } = sorting;
  return { path, source, declared, imported, effects, whole };
}

import { join, relative } from 'node:path';
import ts from 'typescript';
import { root } from '../../cli/executable';
import type { Finding } from './match';

const settings = { strict: true, skipLibCheck: true, noEmit: true, target: ts.ScriptTarget.ES2022 };

/** Follows what a module exports through our own declarations, each once. */
class Reader {
  private readonly found = new Map<string, Finding>();
  private readonly seen = new Set<ts.Declaration>();

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly folder: string,
  ) {}

  private isOurs(node: ts.Node): boolean {
    const path = relative(this.folder, node.getSourceFile().fileName);
    return !path.startsWith('..') && !path.includes('node_modules');
  }

  readExport(path: string, symbol: ts.Symbol): void {
    const at = relative(this.folder, path);
    this.found.set(`${at} ${symbol.name}`, { at, places: ['name', 'part'], text: symbol.name });
    this.readSymbol(symbol);
  }

  readSymbol(found: ts.Symbol): void {
    const isAlias = (found.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? this.checker.getAliasedSymbol(found) : found;
    for (const declaration of symbol.declarations ?? [])
      if (this.isOurs(declaration) && !this.seen.has(declaration)) {
        this.seen.add(declaration);
        this.read(declaration);
      }
  }

  private add(node: ts.Node, places: Finding['places'], text: string): void {
    const source = node.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    const at = `${relative(this.folder, source.fileName)}:${line + 1}`;
    this.found.set(`${at} ${text}`, { at, places, text });
  }

  findings(): Finding[] {
    return [...this.found.values()];
  }

  private addName(node: ts.Node): void {
    const name = ts.getNameOfDeclaration(node as ts.Declaration);
    if (name === undefined || !(ts.isIdentifier(name) || ts.isStringLiteral(name))) return;
    this.add(node, ['name', 'part'], name.text);
    const owner = node.parent;
    if (ts.isInterfaceDeclaration(owner) || ts.isClassDeclaration(owner))
      this.add(node, ['member'], `${owner.name?.text ?? ''}.${name.text}`);
  }

  private addDocs(node: ts.Node): void {
    for (const doc of ts.getJSDocCommentsAndTags(node))
      this.add(node, ['text'], doc.getText().replace(/\n\s*\*/g, ' '));
  }

  /** A type that nobody wrote down: by the declarations that it is made of. */
  private readInferred(type: ts.Type): void {
    const symbols = [type.aliasSymbol, type.getSymbol()].filter((symbol) => symbol !== undefined);
    for (const symbol of symbols) this.readSymbol(symbol);
    for (const part of type.isUnionOrIntersection() ? type.types : []) this.readInferred(part);
    for (const argument of this.checker.getTypeArguments(type as ts.TypeReference))
      this.readInferred(argument);
  }

  private read(node: ts.Node): void {
    if (ts.isBlock(node) || isHidden(node)) return;
    if (isNamed(node)) {
      this.addName(node);
      this.addDocs(node);
    }
    if (ts.isStringLiteral(node))
      this.add(node, node.text.includes(' ') ? ['text'] : ['name', 'part'], node.text);
    if (ts.isFunctionLike(node)) this.readSignature(node);
    else if (ts.isVariableDeclaration(node) && !isSchema(node)) this.readVariable(node);
    else if (ts.isIdentifier(node)) this.readName(node);
    else ts.forEachChild(node, (child) => this.read(child));
  }

  private readVariable(node: ts.VariableDeclaration): void {
    if (node.type !== undefined) {
      this.read(node.type);
      return;
    }
    const type = this.checker.getTypeAtLocation(node);
    this.readInferred(type);
    for (const property of type.getProperties()) this.readSymbol(property);
  }

  private readSignature(node: ts.SignatureDeclaration): void {
    for (const part of [...node.parameters, ...(node.typeParameters ?? [])]) this.read(part);
    if (node.type !== undefined) {
      this.read(node.type);
      return;
    }
    const signature = this.checker.getSignatureFromDeclaration(node);
    if (signature !== undefined) this.readInferred(signature.getReturnType());
  }

  private readName(node: ts.Identifier): void {
    const symbol = this.checker.getSymbolAtLocation(node);
    if (symbol !== undefined) this.readSymbol(symbol);
  }
}

const isHidden = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);

/** A schema's fields are in its value; of other values only the type is public. */
const isSchema = (node: ts.Node): boolean => /(^|\/)schemas\//.test(node.getSourceFile().fileName);

const isNamed = (node: ts.Node): boolean =>
  ts.isTypeElement(node) ||
  ts.isClassElement(node) ||
  ts.isObjectLiteralElement(node) ||
  ts.isVariableDeclaration(node) ||
  ts.isParameter(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isClassDeclaration(node) ||
  ts.isFunctionDeclaration(node);

/** Names, members and doc comments of what files export, and of all of our types that these use. */
export function publicFindings(files: readonly string[], folder = root): Finding[] {
  const paths = files.map((file) => join(folder, file));
  const program = ts.createProgram(paths, {
    ...settings,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  });
  const checker = program.getTypeChecker();
  const reader = new Reader(checker, folder);
  for (const path of paths) {
    const source = program.getSourceFile(path);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${path} exports nothing`);
    for (const symbol of checker.getExportsOfModule(module)) reader.readExport(path, symbol);
  }
  return reader.findings();
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import type ts from 'typescript';
import type { CodeIdentity, CodeOrigin } from '../core/code';
import { callAt, scopeOf } from './calls';
import { Changes } from './changes';
import type { Placed } from './declarations';
import { type Imported, isCode, readModule, type UserModule } from './module';
import { placesIn } from './places';
import type { Place } from './source-maps';
import { isReference, isTypeOnly } from './identifiers';
import { packageOf, resolveImport, type Target } from './resolve';
import { tokensOf } from './tokens';

type Typescript = typeof ts;
type Fields = Pick<CodeOrigin, 'call' | 'only' | 'except'>;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const lineOf = ({ source }: UserModule, node: ts.Node): number =>
  source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
const pathFrom = (folder: string, path: string): string => relative(folder, path).replaceAll('\\', '/');

/** An import of a user's module that an export can reach. */
export interface ReachedImport {
  readonly file: string;
  /** Line of the text that names the other module, from 1. */
  readonly line: number;
  readonly specifier: string;
  /** The statement that alone needs it, which runs whenever its module is loaded; undefined if an export needs it. */
  readonly cause: Cause | undefined;
}

/** A top-level statement. */
interface Cause {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The part of a module that an export can reach. */
export interface ReachedModule extends UserModule {
  readonly parts: ReadonlySet<ts.Node>;
  /** Names that are declared or imported here. */
  readonly names: ReadonlySet<string>;
  /** Texts that name the modules it loads. */
  readonly loads: ReadonlyMap<ts.Node, unknown>;
}

/** The statements of user modules that a definition can reach, and the packages that these import. */
export class Slice {
  readonly #modules = new Map<string, UserModule>();
  readonly #parts = new Map<UserModule, Set<ts.Node>>();
  readonly #names = new Map<UserModule, Set<string>>();
  readonly #loads = new Map<UserModule, Map<ts.StringLiteralLike, Cause | undefined>>();
  /** Each [local name, name in the other module, file or package] as JSON. */
  readonly #bindings = new Map<UserModule, Set<string>>();
  /** Other files → digest of their bytes. */
  readonly #data = new Map<string, string>();
  readonly #packages = new Map<string, string>();
  /** Nodes to leave out. */
  readonly #skipped = new Set<ts.Node>();
  /** Statements that run, to add after everything that exports reach. */
  readonly #running: Placed[] = [];
  #cause: Cause | undefined;

  constructor(private readonly typescript: Typescript) {}

  /** Adds the code behind a call in user code; `only` and `except` select fields of the innermost call. */
  addOrigin({ stack, exported, ...fields }: CodeOrigin): void {
    placesIn(stack).forEach((place, at) => {
      const found = packageOf(place.file);
      if (found !== undefined) this.#addTarget(found, '*');
      else if (exported !== undefined) this.#addName(this.#open(place.file), exported);
      else this.#addPlace(place, at === 0 ? fields : {});
    });
  }

  #addPlace(place: Place, fields: Fields): void {
    const module = this.#open(place.file);
    const call = callAt(this.typescript, module, place, fields.call);
    if (call === undefined) {
      this.#addAll(module);
      return;
    }
    for (const argument of call.arguments ?? []) this.#skipFields(module, argument, fields);
    this.#addPart(module, scopeOf(this.typescript, call));
  }

  /** Leaves out fields of an object, also through a variable or a spread. */
  #skipFields(module: UserModule, node: ts.Expression, fields: Fields, self = 'this'): void {
    const is = this.typescript;
    if (is.isIdentifier(node)) {
      const value = this.#valueOf(module, node.text);
      if (value !== undefined && is.isObjectLiteralExpression(value))
        this.#skipFields(module, value, fields, node.text);
    }
    if (!is.isObjectLiteralExpression(node)) return;
    for (const property of node.properties)
      if (is.isSpreadAssignment(property)) this.#skipFields(module, property.expression, fields);
    const counted = node.properties.filter((property) => this.#isCounted(property, fields));
    const words = counted.flatMap((property) => property.getText(module.source).split(/[^\w$]+/));
    // A field that refers to its own object can reach the others.
    if (words.includes('this') || words.includes(self)) return;
    for (const property of node.properties) if (!counted.includes(property)) this.#skipped.add(property);
  }

  #isCounted({ name }: ts.ObjectLiteralElementLike, fields: Fields): boolean {
    if (name === undefined || this.typescript.isComputedPropertyName(name)) return true;
    const { only = [name.text], except = [] } = fields;
    return only.includes(name.text) && !except.includes(name.text);
  }

  #valueOf({ declared }: UserModule, name: string): ts.Expression | undefined {
    const is = this.typescript;
    const declarations = (declared.get(name) ?? []).flatMap((statement) =>
      is.isVariableStatement(statement) ? [...statement.declarationList.declarations] : [],
    );
    return declarations.find((each) => is.isIdentifier(each.name) && each.name.text === name)?.initializer;
  }

  #open(path: string): UserModule {
    const known = this.#modules.get(path);
    if (known !== undefined) return known;
    const module = readModule(this.typescript, path);
    this.#modules.set(path, module);
    this.#parts.set(module, new Set());
    this.#names.set(module, new Set());
    this.#loads.set(module, new Map());
    this.#bindings.set(module, new Set());
    this.#running.push(...module.effects.map((node) => ({ module, node })));
    for (const from of module.whole) this.#addImport(module, { from, name: '*' });
    return module;
  }

  /** @param as its name in this module. Default: none */
  #addImport(module: UserModule, { from, name }: Imported, as = ''): void {
    const loads = this.#loads.get(module)!;
    if (!loads.has(from)) loads.set(from, this.#cause);
    const target = resolveImport(this.typescript, module.path, from.text);
    const place =
      target !== undefined && 'file' in target ? pathFrom(dirname(module.path), target.file) : from.text;
    this.#bindings.get(module)!.add(JSON.stringify([as, name, place]));
    if (target !== undefined) this.#addTarget(target, name);
  }

  #addTarget(target: Target, name: string): void {
    if ('version' in target) this.#packages.set(target.name, target.version);
    else if (isCode(target.file)) this.#addName(this.#open(target.file), name);
    else this.#data.set(target.file, sha256(readFileSync(target.file)));
  }

  #addAll(module: UserModule): void {
    for (const name of module.declared.keys()) this.#addDeclared(module, name);
    for (const name of module.imported.keys()) this.#addImported(module, name);
  }

  /** Adds an export; the whole module where the name is not found. */
  #addName(module: UserModule, name: string): void {
    // module.exports = … may replace any export.
    for (const node of module.declared.get('exports') ?? []) this.#running.push({ module, node });
    if (!this.#addReferred(module, name)) this.#addAll(module);
  }

  #addReferred(module: UserModule, name: string): boolean {
    const isDeclared = this.#addDeclared(module, name);
    return this.#addImported(module, name) || isDeclared;
  }

  #addDeclared(module: UserModule, name: string): boolean {
    const declared = module.declared.get(name) ?? [];
    if (declared.length > 0) this.#names.get(module)!.add(name);
    for (const node of declared) this.#addPart(module, node);
    return declared.length > 0;
  }

  #addImported(module: UserModule, name: string): boolean {
    const imported = module.imported.get(name) ?? [];
    if (imported.length > 0) this.#names.get(module)!.add(name);
    for (const each of imported) this.#addImport(module, each, name);
    return imported.length > 0;
  }

  #addPart(module: UserModule, part: ts.Node): void {
    const known = this.#parts.get(module)!;
    if (known.has(part)) return;
    known.add(part);
    this.#follow(module, part);
  }

  /** Adds everything that a node refers to: declarations of its module, imports, loaded modules. */
  #follow(module: UserModule, node: ts.Node): void {
    const is = this.typescript;
    if (this.#skipped.has(node) || isTypeOnly(is, node)) return;
    if (is.isIdentifier(node) && isReference(is, node)) this.#addReferred(module, node.text);
    const loaded = this.#loadedBy(module, node);
    if (loaded !== undefined && is.isStringLiteralLike(loaded))
      this.#addImport(module, { from: loaded, name: '*' });
    node.forEachChild((child) => this.#follow(module, child));
  }

  /** The argument of require('…'), import('…') and import … = require('…'). */
  #loadedBy(module: UserModule, node: ts.Node): ts.Expression | undefined {
    const is = this.typescript;
    if (is.isExternalModuleReference(node)) return node.expression;
    if (!is.isCallExpression(node)) return undefined;
    const { expression } = node;
    const loads = expression.kind === is.SyntaxKind.ImportKeyword || this.#isRequire(module, expression);
    return loads ? node.arguments[0] : undefined;
  }

  /** require, module.require, or a variable with createRequire(…). */
  #isRequire(module: UserModule, called: ts.Expression): boolean {
    const name = called.getText(module.source);
    if (name === 'require' || name === 'module.require') return true;
    return this.#valueOf(module, name)?.getText(module.source).includes('createRequire(') === true;
  }

  #digest(module: UserModule): string {
    const parts = [...this.#parts.get(module)!].sort((a, b) => a.pos - b.pos || b.end - a.end);
    const tokens = parts.flatMap((part) => tokensOf(this.typescript, part, module.source, this.#skipped));
    return sha256([...tokens, ...[...this.#bindings.get(module)!].sort()].join('\n'));
  }

  #isReached(module: UserModule): boolean {
    return this.#parts.get(module)!.size + this.#bindings.get(module)!.size > 0;
  }

  /** Declarations that change what is reached, though nothing that is reached names them. */
  #changing(): Placed[] {
    const namesOf = (module: UserModule) => this.#names.get(module) ?? new Set<string>();
    const changes = new Changes(this.typescript, namesOf);
    return [...this.#parts].flatMap(([module, parts]) =>
      [...new Set([...module.declared.values()].flat())]
        .filter((node) => !parts.has(node) && changes.isMadeBy({ module, node }))
        .map((node) => ({ module, node })),
    );
  }

  /** Adds statements that run whenever a reached module is loaded. */
  #settle(): void {
    do {
      for (const { module, node } of this.#running.splice(0)) {
        this.#cause = { file: module.path, line: lineOf(module, node) };
        this.#addPart(module, node);
      }
      this.#cause = undefined;
      if (this.#running.length === 0) this.#running.push(...this.#changing());
    } while (this.#running.length > 0);
  }

  /** The user modules, each with the part that is reached. */
  reached(): ReachedModule[] {
    this.#settle();
    return [...this.#parts].map(([module, parts]) => ({
      ...module,
      parts,
      names: this.#names.get(module)!,
      loads: this.#loads.get(module)!,
    }));
  }

  /** Imports that are reached. */
  imports(): ReachedImport[] {
    this.#settle();
    return [...this.#loads].flatMap(([module, loads]) =>
      [...loads].map(([from, cause]) => ({
        file: module.path,
        line: lineOf(module, from),
        specifier: from.text,
        cause,
      })),
    );
  }

  /** SHA-256 by file, relative to the folder of the first one, and versions by package. */
  identity(): CodeIdentity {
    this.#settle();
    const [first] = this.#modules.keys();
    const folder = dirname(first ?? '/');
    const files = [...this.#modules.values()]
      .filter((module) => this.#isReached(module))
      .map((module) => [module.path, this.#digest(module)] as const);
    const named = [...files, ...this.#data].map(
      ([path, digest]) => [pathFrom(folder, path), digest] as const,
    );
    return Object.fromEntries([...named, ...this.#packages]);
  }
}

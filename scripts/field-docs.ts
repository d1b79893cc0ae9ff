/** Docstrings of fields and values in schemas/, read by TypeScript's compiler. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { shapeKey } from './field-tables';

const folder = join(__dirname, '..', 'schemas');

export interface Docs {
  /** Docstrings of an object's fields, by field. The object is found by its shape. */
  fields(shape: string): ReadonlyMap<string, string>;
  /** Docstring of a schema or another constant. */
  constant(name: string): string;
}

/** An object schema's fields with their docstrings; undefined for other expressions. */
function fieldsOf(node: ts.Node, checker: ts.TypeChecker): Map<string, string> | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const shape = checker.getTypeAtLocation(node).getProperty('shape');
  if (shape === undefined) return undefined;
  const fields = checker.getTypeOfSymbolAtLocation(shape, node).getProperties();
  return new Map(fields.map((field) => [field.name, docOf(field, checker)]));
}

const docOf = (symbol: ts.Symbol, checker: ts.TypeChecker): string =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker));

/** Reads all of schemas/ (about two seconds). */
export function readDocs(): Docs {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const program = ts.createProgram(paths, {
    strict: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
  });
  const checker = program.getTypeChecker();
  const byShape = new Map<string, Map<string, string>>();
  const byName = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    const fields = fieldsOf(node, checker);
    if (fields !== undefined) addFields(byShape, fields);
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name))
      byName.set(node.name.text, docOf(checker.getSymbolAtLocation(node.name)!, checker));
    ts.forEachChild(node, visit);
  };
  for (const path of paths) visit(program.getSourceFile(path)!);
  return {
    fields: (shape) => byShape.get(shape) ?? new Map(),
    constant: (name) => byName.get(name) ?? '',
  };
}

/** Objects with the same fields must have the same docstrings, since a table shows one of them. */
function addFields(byShape: Map<string, Map<string, string>>, fields: Map<string, string>): void {
  const shape = shapeKey([...fields.keys()]);
  const known = byShape.get(shape) ?? fields;
  for (const [name, doc] of fields)
    if (known.get(name) !== doc) throw new Error(`two docstrings of the field ${name} of { ${shape} }`);
  byShape.set(shape, fields);
}

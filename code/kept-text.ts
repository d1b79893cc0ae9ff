import type ts from 'typescript';
import type { ReachedModule } from './slice';

type Typescript = typeof ts;

/** A range of a text. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** White space of the same lines; of the same columns where text follows. */
const blank = (text: string): string =>
  text.replace(/[^\n\r\u2028\u2029]/g, ' ').replace(/ +(?=[\n\r\u2028\u2029])/g, '');

/** Whether a statement runs, or declares a name that is reached. */
function isKept(is: Typescript, { parts, loads }: ReachedModule, statement: ts.Statement): boolean {
  if (is.isImportDeclaration(statement)) return loads.has(statement.moduleSpecifier);
  if (!is.isExportDeclaration(statement)) return parts.has(statement);
  const { exportClause, moduleSpecifier, isTypeOnly } = statement;
  if (moduleSpecifier !== undefined) return loads.has(moduleSpecifier);
  return !isTypeOnly && exportClause !== undefined;
}

/** The exports of a kept statement that are not reached, each with its comma. */
function cutsIn(is: Typescript, { parts, names }: ReachedModule, statement: ts.Statement): Range[] {
  if (!is.isExportDeclaration(statement)) return [];
  const { exportClause, moduleSpecifier } = statement;
  if (exportClause === undefined || !is.isNamedExports(exportClause)) return [];
  const { elements } = exportClause;
  return elements.flatMap((element, at) => {
    const { name, propertyName = name } = element;
    const here = moduleSpecifier === undefined ? propertyName : name;
    if (!element.isTypeOnly && (parts.has(element) || names.has(here.text))) return [];
    return [{ start: element.getStart(), end: elements[at + 1]?.pos ?? elements.end }];
  });
}

/** A kept statement's text, without the exports that are not reached. */
function textOf(is: Typescript, module: ReachedModule, statement: ts.Statement): string {
  const { text } = module.source;
  let [kept, at] = ['', statement.getStart()];
  for (const { start, end } of cutsIn(is, module, statement)) {
    kept += text.slice(at, start) + blank(text.slice(start, end));
    at = end;
  }
  return kept + text.slice(at, statement.end);
}

/** Ends a statement: the next one may have been apart from it only by one that is blanked. */
function ended(statement: string, gap: string): string {
  if (gap === '' || statement === '' || statement.endsWith(';')) return gap;
  return `;${gap.startsWith(' ') ? gap.slice(1) : gap}`;
}

/** A module's text with all statements blanked that are not reached. What stays keeps its line and column. */
export function keptText(is: Typescript, module: ReachedModule): string {
  const { text, statements } = module.source;
  let [kept, at, last] = ['', 0, ''];
  for (const statement of statements.filter((each) => isKept(is, module, each))) {
    kept += ended(last, blank(text.slice(at, statement.getStart())));
    last = textOf(is, module, statement);
    kept += last;
    at = statement.end;
  }
  return kept + ended(last, blank(text.slice(at))).trimEnd();
}

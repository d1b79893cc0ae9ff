import { nameOfPackage, packageNameOf } from '../../code/resolve';
import { isMissing, refusedImport, type SandboxCode } from '../../code/sandbox';
import type { BudgetlineError } from '../../core/failures';

/** An import as webpack reports it. */
interface Import {
  readonly request?: string | undefined;
  readonly contextInfo?: { readonly issuer: string } | undefined;
}

/** Refuses imports of packages that the workflow sandbox cannot load, by the user's import that leads to them. */
export class PackageImports {
  readonly refusals: BudgetlineError[] = [];
  /** Package → packages that import it, and "" for user code. */
  readonly #importers = new Map<string, Set<string>>();

  constructor(private readonly code: SandboxCode) {}

  /** Takes an import. webpack reports a module's imports before those of the modules that it loads. */
  add({ request = '', contextInfo }: Import): void {
    const by = packageNameOf(contextInfo?.issuer ?? '') ?? '';
    if (by === '' || !isMissing(request)) this.#note(nameOfPackage(request), by);
    else this.#refuse(request, by);
  }

  #note(name: string, by: string): void {
    this.#importers.set(name, (this.#importers.get(name) ?? new Set()).add(by));
  }

  #refuse(request: string, by: string): void {
    const origins = this.#originsOf(by);
    const own = this.code.imports.find(({ specifier }) => origins.has(nameOfPackage(specifier)));
    if (own !== undefined) this.refusals.push(refusedImport(own, `: the package ${by} imports "${request}"`));
  }

  /** A package and all that import it. */
  #originsOf(name: string): ReadonlySet<string> {
    const found = new Set([name]);
    for (const each of found) for (const by of this.#importers.get(each) ?? []) found.add(by);
    return found;
  }
}

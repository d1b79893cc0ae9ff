/** What a webpack loader is called on, as far as this one needs it. */
interface LoaderContext {
  readonly resourcePath: string;
  getOptions(): { readonly texts: Readonly<Record<string, string>> };
}

/** A webpack loader: the text of a user's module that the digest of the members covers. */
function keepReached(this: LoaderContext): string {
  const text = this.getOptions().texts[this.resourcePath];
  if (text !== undefined) return text;
  throw new Error(`${this.resourcePath} is not part of the pinned code.`);
}

export = keepReached;

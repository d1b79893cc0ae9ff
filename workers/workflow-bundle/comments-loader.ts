import { transformSync } from 'esbuild';

/** A webpack loader that removes the comments of a module: every cached workflow keeps the bundle's text. */
const withoutComments = (source: string): string => transformSync(source, { legalComments: 'none' }).code;

export = withoutComments;

const { transformSync } = require('esbuild');

/** A loader of webpack's: a module without its comments. */
module.exports = function stripComments(source) {
  return transformSync(source, { legalComments: 'none' }).code;
};

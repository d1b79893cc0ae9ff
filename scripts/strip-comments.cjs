const { transformSync } = require('esbuild');

/** A webpack loader that removes the comments of a module. */
module.exports = function stripComments(source) {
  return transformSync(source, { legalComments: 'none' }).code;
};

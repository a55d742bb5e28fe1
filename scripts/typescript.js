'use strict';

// Loaded with `node --require`, this lets Node.js run the TypeScript of `test/` as Jest does: by swc, with the settings
// of `.swcrc`.
const { transformFileSync } = require('@swc/core');

/** @typedef {{ _compile(code: string, file: string): unknown }} Compiling what every module of Node.js can do */

/**
 * @param {NodeModule & Partial<Compiling>} module
 * @param {string} file
 */
function compile(module, file) {
  module._compile?.(transformFileSync(file).code, file);
}

// The documented way for CommonJS, on which the other compilers' hooks rest, too.
require.extensions['.ts'] = compile;

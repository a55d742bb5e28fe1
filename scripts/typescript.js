'use strict';

// Loaded with `node --require`, it lets Node.js run the TypeScript of `test/` like Jest: compiled by swc with the settings
// in `.swcrc`.
const { transformFileSync } = require('@swc/core');

/** @typedef {{ _compile(code: string, file: string): unknown }} Compiling a method that every Node.js module has */

/**
 * @param {NodeModule & Partial<Compiling>} module
 * @param {string} file
 */
function compile(module, file) {
  module._compile?.(transformFileSync(file).code, file);
}

// The documented way for CommonJS; other compilers use it, too.
require.extensions['.ts'] = compile;

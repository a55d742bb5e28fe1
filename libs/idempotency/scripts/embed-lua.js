'use strict';

const { readFileSync, readdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');

/**
 * The Lua scripts of a folder as the text of a TypeScript module, so that they survive a bundler.
 * @param {string} folder
 * @returns {string}
 */
function embedded(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.lua'));
  const members = files.sort().map((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    const name = file.replace('.lua', '').replace(/-(.)/g, (found) => found.charAt(1).toUpperCase());
    return `  ${name}: \`${text.replace(/[\\`]|\$\{/g, '\\$&')}\`,`;
  });
  return [
    '// Written by `node libs/idempotency/scripts/embed-lua.js` from the .lua files of this folder. Do not edit.',
    `export const scripts = {\n${members.join('\n')}\n} as const;\n`,
  ].join('\n');
}

const FOLDER = path.join(__dirname, '../src/stores/redis');

if (require.main === module) {
  const [folder = FOLDER] = process.argv.slice(2);
  writeFileSync(path.join(folder, 'scripts.ts'), embedded(folder));
}

module.exports = { embedded, FOLDER };

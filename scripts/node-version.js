'use strict';

// Every script loads this file first. It uses only old syntax and Node.js's own modules, because it must also run on the
// versions of Node.js that it rejects.
const fs = require('fs');
const path = require('path');

/** @typedef {{ engines: { node: string } }} Manifest */

const { parseJson } = require('./json');

const manifest = /** @type {Manifest} */ (
  parseJson(fs.readFileSync(path.join(__dirname, '..', 'package.json'), 'utf8'))
);
const required = manifest.engines.node.replace('>=', '');

/** @param {string} version */
function parts(version) {
  return version.split('.').map(Number);
}

/**
 * @param {string} version
 * @param {string} minimum
 */
function isAtLeast(version, minimum) {
  const actual = parts(version);
  const wanted = parts(minimum);
  const different = wanted.findIndex((part, index) => part !== actual[index]);
  return different === -1 || Number(actual[different]) > Number(wanted[different]);
}

if (!isAtLeast(process.versions.node, required)) {
  console.error(
    'This project needs Node.js ' + required + ' or newer; this is ' + process.versions.node + '.',
  );
  console.error('Install a newer one from https://nodejs.org and run the command again.');
  process.exit(1);
}

if (process.platform === 'win32') {
  console.error('The npm scripts of this project run on Linux and macOS.');
  console.error('On Windows use them inside WSL, or run "docker compose up --build".');
  process.exit(1);
}

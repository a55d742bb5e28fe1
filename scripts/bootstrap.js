'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { parseJson } = require('./json');
const { runProgram } = require('./services/programs');
const { step } = require('./terminal');

const root = path.resolve(__dirname, '..');
const settings = ['package-lock.json', 'nest-cli.json', 'tsconfig.json'];
const library = {
  project: 'idempotency',
  folder: 'libs/idempotency/dist',
  inputs: [...settings, 'libs/idempotency/src', 'libs/idempotency/tsconfig.lib.json'],
};
const service = { project: undefined, folder: 'dist', inputs: [...library.inputs, 'src'] };

/** @typedef {typeof library | typeof service} Build */

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }} LockedPackage */
/** @typedef {{ packages: Record<string, LockedPackage> }} LockFile */

/**
 * Installs the packages and builds the service, each only if it is missing or outdated.
 * @param {string} directory for logs
 */
async function bootstrap(directory) {
  if (!packagesAreInstalled()) await step('packages (npm ci)', () => installPackages(directory));
  const outdated = [library, service].filter(isOutdated);
  if (outdated.length > 0)
    await step('build', async () => {
      for (const one of outdated) await build(one, directory);
    });
}

/** @param {Build} build */
function isOutdated({ folder, inputs }) {
  return fingerprintOf(inputs) !== builtFrom(folder);
}

/** Whether every package of the lock file is installed in its version. npm writes its own list last, after all packages. */
function packagesAreInstalled() {
  const installed = lockedPackages('node_modules/.package-lock.json');
  if (!installed) return false;
  return Object.entries(lockedPackages('package-lock.json') ?? {}).every(([name, wanted]) => {
    const found = installed[name];
    // Packages for other platforms are only in the lock file.
    if (!found) return name === '' || wanted.optional || wanted.devOptional;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function lockedPackages(file) {
  try {
    const lock = /** @type {LockFile} */ (parseJson(fs.readFileSync(path.join(root, file), 'utf8')));
    return lock.packages;
  } catch {
    return undefined;
  }
}

/** @param {string} directory */
async function installPackages(directory) {
  // The tools are needed even if NODE_ENV is production.
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit'];
  await runProgram({ name: 'npm-ci', command: 'npm', args, cwd: root, directory });
}

/**
 * @param {Build} build
 * @param {string} directory
 */
async function build({ project, folder, inputs }, directory) {
  const nest = path.join(root, 'node_modules/@nestjs/cli/bin/nest.js');
  const args = [nest, 'build', ...(project ? [project] : [])];
  await runProgram({ name: 'build', command: process.execPath, args, cwd: root, directory });
  if (!project) require('./sandbox-entry');
  fs.writeFileSync(path.join(root, folder, '.built-from'), fingerprintOf(inputs));
}

/** @param {string} folder */
function builtFrom(folder) {
  try {
    return fs.readFileSync(path.join(root, folder, '.built-from'), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * From contents and not from times, because times change with every clone and checkout.
 * @param {string[]} inputs files and folders of the project
 */
function fingerprintOf(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap(filesOf))
    hash.update(`${file}\n`).update(fs.readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

/**
 * @param {string} input
 * @returns {string[]}
 */
function filesOf(input) {
  if (fs.statSync(path.join(root, input)).isFile()) return [input];
  const entries = fs.readdirSync(path.join(root, input), { withFileTypes: true });
  return entries.flatMap(({ name }) => filesOf(path.join(input, name))).sort();
}

/**
 * Builds the library if it is outdated: the types that the service and the tests import.
 * @param {string} directory for logs
 */
async function buildLibrary(directory) {
  if (isOutdated(library)) await build(library, directory);
}

module.exports = { bootstrap, buildLibrary, root };

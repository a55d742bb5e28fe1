'use strict';

require('./node-version');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./bootstrap');
const { EXIT, printDocument, readArguments } = require('./command-line');
const { parseJson } = require('./json');

/** @typedef {{ name: string, value: string }} Property */
/** @typedef {{ 'bom-ref': string, name: string, properties: Property[] }} Component */
/** @typedef {{ ref: string, dependsOn: string[] }} Dependency */
/** @typedef {{ metadata: { component: Component }, components: Component[], dependencies: Dependency[] }} Bom */
/** @typedef {Record<string, { name?: string, version?: string, dev?: boolean }>} Locked */

const help = `npm run sbom: prints the shipped packages as a CycloneDX document

Prints each package that \`npm ci --omit=dev\` installs, with version, hash and licence. Reads only package-lock.json, so it
needs neither a network nor installed packages.

  npm run --silent sbom > sbom.json
  --help

Exit code 0 if it was printed, 1 if npm could not create it, 2 for wrong usage.`;

/** @returns {Bom | undefined} all packages of the lock file, including those for development */
function allPackages() {
  // Without these, npm would leave some out with NODE_ENV=production; see shippedPackages.
  const kinds = ['--include=dev', '--include=optional', '--include=peer'];
  const form = ['--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--offline', ...form, ...kinds], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return /** @type {Bom} */ (parseJson(stdout));
  console.error(stderr || stdout);
  return undefined;
}

/** @returns {Locked} */
function lockedPackages() {
  const text = fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  return /** @type {{ packages: Locked }} */ (parseJson(text)).packages;
}

/**
 * npm's own `--omit=dev` wrongly leaves out a shipped package that a development package also needs, and of several copies
 * it marks only one. The lock file is what `npm ci` uses.
 * @param {Locked} packages
 * @returns {string[]} names with their versions
 */
function shippedPackages(packages) {
  const shipped = Object.entries(packages).filter(([place, { dev }]) => place !== '' && !dev);
  return shipped.map(
    ([place, { name, version }]) => `${name ?? place.split('node_modules/').at(-1)}@${version}`,
  );
}

/**
 * @param {Bom} bom
 * @param {Locked} packages
 * @returns {Bom}
 */
function shippedIn({ metadata, components, dependencies, ...rest }, packages) {
  // npm uses the folder's name.
  const component = { ...metadata.component, name: packages['']?.name ?? metadata.component.name };
  const refs = new Set([component['bom-ref'], ...shippedPackages(packages)]);
  return {
    ...rest,
    metadata: { ...metadata, component },
    components: firstOfEach(components, (one) => one['bom-ref'])
      .filter((one) => refs.has(one['bom-ref']))
      .map(withItsOwnName),
    dependencies: firstOfEach(dependencies, ({ ref }) => ref)
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) })),
  };
}

/**
 * npm 10 lists a package once for each place where it is installed.
 * @template T
 * @param {T[]} all
 * @param {(one: T) => string} refOf
 * @returns {T[]}
 */
function firstOfEach(all, refOf) {
  const seen = new Set();
  return all.filter((one) => !seen.has(refOf(one)) && seen.add(refOf(one)));
}

/**
 * With its own name instead of an alias that a development package uses, and without the mark for development.
 * @param {Component} component
 * @returns {Component}
 */
function withItsOwnName({ properties, ...rest }) {
  const ref = rest['bom-ref'];
  return {
    ...rest,
    name: ref.slice(0, ref.lastIndexOf('@')),
    properties: properties.filter(({ name }) => name !== 'cdx:npm:package:development'),
  };
}

async function main() {
  readArguments({ help, options: {} });
  const bom = allPackages();
  if (!bom) return EXIT.failed;
  await printDocument(shippedIn(bom, lockedPackages()));
  return EXIT.done;
}

void main().then((code) => process.exit(code));

import { createRequire } from 'node:module';

/**
 * Loaded with `--require` before `scripts/start.js`: a machine without PostgreSQL, on which nothing can be installed and
 * no container engine runs.
 */
const load = createRequire(`${process.cwd()}/scripts/services/index.js`);

function replace(module: string, name: string, replacement: () => unknown): void {
  Reflect.set(load(module) as object, name, replacement);
}

replace('./machine', 'findPostgres', () => undefined);
replace('./packages', 'offerPackages', () => Promise.resolve());
replace('./npm-postgresql', 'installNpmPostgresql', () => Promise.resolve());
replace('./containers', 'hasContainers', () => Promise.resolve(false));

import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { openRun } from '../../scripts/services/runs';

const databasesPerWorker = 10;
let databasesTaken = 0;
let folder: string | undefined;

/** A variable that `npm test` sets for the suite. */
export function given(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: run the suite with "npm test", which starts the servers it needs`);
  return value;
}

/** For a program that is no spec file: the folder that it has already. */
export function useRunFolder(directory: string): void {
  folder = directory;
}

/** Where this spec file's programs keep their data and logs, under the git-ignored `.run`; gone with the next run. */
export function runFolder(): string {
  folder ??= openRun(specName().replace(/[^a-z]/g, ''));
  return folder;
}

/** A name for a virtual host that says which spec it belongs to. */
export function vhostName(): string {
  return `e2e-${specName()}-${randomUUID().slice(0, 8)}`;
}

function specName(): string {
  return basename(expect.getState().testPath ?? 'spec', '.e2e-spec.ts');
}

/** The broker's URL with another virtual host. */
export function onVhost(url: string, vhost: string): string {
  const own = new URL(url);
  own.pathname = `/${encodeURIComponent(vhost)}`;
  return own.href;
}

/**
 * The server's URL with a database that no other running spec has: each Jest worker owns ten of them, counted from the
 * database the URL names.
 */
export function ownDatabase(url: string): string {
  const own = new URL(url);
  const first = Number(own.pathname.slice(1) || 0);
  const worker = Number(process.env.JEST_WORKER_ID ?? 1) - 1;
  own.pathname = `/${first + worker * databasesPerWorker + (databasesTaken++ % databasesPerWorker)}`;
  return own.href;
}

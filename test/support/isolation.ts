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

/** For a program that is not a spec file: the folder that it already has. */
export function useRunFolder(directory: string): void {
  folder = directory;
}

/** The folder for data and logs of this spec file's programs, under the git-ignored `.run`; the next run removes it. */
export function runFolder(): string {
  folder ??= openRun(specName().replace(/[^a-z]/g, ''));
  return folder;
}

/** A name for a virtual host that contains the name of its spec. */
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
 * The server's URL with a database that no other running spec uses: each Jest worker owns ten databases, counted from the
 * one in the URL.
 */
export function ownDatabase(url: string): string {
  const own = new URL(url);
  const first = Number(own.pathname.slice(1) || 0);
  const worker = Number(process.env.JEST_WORKER_ID ?? 1) - 1;
  own.pathname = `/${first + worker * databasesPerWorker + (databasesTaken++ % databasesPerWorker)}`;
  return own.href;
}

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../bootstrap');
const { runProgram } = require('../services/programs');

const packages = [
  ...['prisma@7', '@prisma/client@7', '@prisma/adapter-pg@7', 'pg@8'],
  ...['typescript@5', '@types/node@20', '@types/pg@8'],
];

/** The transaction and the options have the types of the client that Prisma generates. */
const types = `import { prismaTransactions } from 'nestjs-idempotent/postgres';
import type { PrismaClient } from './generated/client.ts';

export const insert = (prisma: PrismaClient) =>
  prismaTransactions(prisma, { isolationLevel: 'Serializable', timeout: 30_000 }).run(({ native }) =>
    native.effect.create({ data: { key: 'a', value: 1 } }),
  );
`;

/**
 * The transactions of Prisma, which is too large to be installed for every test: 300 MB, and a client that it generates.
 * @param {{ folder: string, packed: string, directory: string, databaseUrl: string }} where
 */
async function tryPrisma({ folder, packed, directory, databaseUrl }) {
  const application = path.join(folder, 'prisma');
  fs.mkdirSync(application);
  const matrix = path.join(root, 'test/matrix');
  fs.copyFileSync(path.join(matrix, 'schema.prisma'), path.join(application, 'schema.prisma'));
  fs.writeFileSync(path.join(application, 'package.json'), '{ "private": true }');
  fs.writeFileSync(path.join(application, 'types.ts'), types);
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const args = [...npm, path.join(folder, packed), ...packages];
  await runProgram({ name: 'prisma-install', command: 'npm', args, cwd: application, directory });
  const run = (
    /** @type {string} */ name,
    /** @type {string[]} */ argv,
    /** @type {NodeJS.ProcessEnv} */ env,
  ) =>
    runProgram({
      name: `prisma-${name}`,
      command: process.execPath,
      args: argv,
      cwd: name === 'jest' ? root : application,
      env: { ...process.env, ...env },
      directory,
    });
  const bin = (/** @type {string} */ file) => path.join(application, 'node_modules', file);
  await run('generate', [bin('prisma/build/index.js'), 'generate', '--schema', 'schema.prisma'], {
    // Only migrations need this engine, but Prisma would download it; any program will do.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
  });
  const compile = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--types', 'node'];
  const resolution = ['--module', 'node16', '--allowImportingTsExtensions'];
  await run('types', [bin('typescript/bin/tsc'), ...compile, ...resolution, 'types.ts'], {});
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  await run('jest', [jest, '--config', path.join(matrix, 'jest.json')], {
    DATABASE_URL: databaseUrl,
    PRISMA_APPLICATION: application,
  });
}

module.exports = { tryPrisma };

'use strict';

require('./node-version');
const { spawn } = require('node:child_process');
const events = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { EXIT, readArguments } = require('./command-line');
const { tryPrisma } = require('./matrix/prisma');
const { broker, rows } = require('./matrix/rows');
const { runCommand } = require('./run');
const { prepareServers, startDatabase, startServers } = require('./services');
const { postgresql, serviceKinds } = require('./services/kinds');
const { runProgram } = require('./services/programs');
const { step } = require('./terminal');

/** @typedef {import('./matrix/rows').Row} Row */

/** How TypeScript may look for the types of a package. */
const resolutions = [
  { module: 'commonjs', moduleResolution: 'node' },
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'esnext', moduleResolution: 'bundler' },
];

const help = `npm run matrix: the packed library in applications with other versions of NestJS, its platforms, clients and Node.js

Packs nestjs-idempotent and, for each row, installs it into a new application, compiles that and runs it against private
RabbitMQ and Redis servers. The transactions of Prisma are tried against a private PostgreSQL. Takes about three minutes and
needs the npm registry.

  --help

  RABBITMQ_URL, REDIS_URL, DATABASE_URL   use these servers instead of private ones

Exit code 0 if each effect happened once in every application, 1 otherwise, 2 for wrong usage.`;

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function matrix(directory) {
  await prepareServers(directory, [...serviceKinds, postgresql]);
  const [urls, databaseUrl] = await Promise.all([
    startServers(directory),
    startDatabase(directory),
    bootstrap(directory),
  ]);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'matrix-'));
  try {
    const library = path.join(root, 'libs/idempotency');
    const args = ['pack', '--ignore-scripts', '--pack-destination', folder];
    await runProgram({ name: 'npm-pack', command: 'npm', args, cwd: library, directory });
    await step('beside a bare NestJS application', () => besideBareApplication({ folder, directory }));
    const [packed = ''] = fs.readdirSync(folder).filter((file) => file.endsWith('.tgz'));
    await step('transactions of Prisma', () => tryPrisma({ folder, packed, directory, databaseUrl }));
    for (const row of rows) await step(nameOf(row), () => tryRow(row, { folder, directory, urls }));
    return EXIT.done;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const MOST_PACKAGES = 5;
const MOST_MEGABYTES = 3;

/**
 * Installed beside NestJS alone, the library must stay small.
 * @param {{ folder: string, directory: string }} where
 */
async function besideBareApplication({ folder, directory }) {
  const [packed = ''] = fs.readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  const application = path.join(folder, 'bare');
  fs.mkdirSync(application);
  fs.writeFileSync(path.join(application, 'package.json'), '{ "private": true }');
  const bare = [
    '@nestjs/common@11',
    '@nestjs/core@11',
    '@nestjs/platform-express@11',
    'reflect-metadata@0.2',
    'rxjs@7',
  ];
  const install = async (/** @type {string[]} */ packages) => {
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...packages];
    await runProgram({ name: 'bare-install', command: 'npm', args, cwd: application, directory });
    return sizeOf(path.join(application, 'node_modules'));
  };
  const before = await install(bare);
  const after = await install([path.join(folder, packed)]);
  const packages = after.packages - before.packages;
  const megabytes = (after.bytes - before.bytes) / 1e6;
  if (packages > MOST_PACKAGES || megabytes > MOST_MEGABYTES)
    throw new Error(`the library adds ${packages} packages and ${megabytes.toFixed(1)} MB`);
}

/** @param {string} folder */
function sizeOf(folder) {
  const files = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile());
  const paths = files.map((file) => path.join(file.parentPath, file.name));
  return {
    packages: paths.filter((file) => /node_modules[/\\](@[^/\\]+[/\\])?[^/\\]+[/\\]package\.json$/.test(file))
      .length,
    bytes: paths.reduce((sum, file) => sum + fs.statSync(file).size, 0),
  };
}

/**
 * @param {Row} row
 * @param {{ folder: string, directory: string, urls: { rabbitmqUrl: string, redisUrl: string } }} where
 */
async function tryRow(row, { folder, directory, urls }) {
  const [packed = ''] = fs.readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  const application = path.join(folder, nameOf(row).replaceAll(/[^\w]+/g, '-'));
  fs.mkdirSync(application);
  const sources = ['application.ts', ...(row.golevelup ? ['rabbit.ts'] : [])];
  for (const file of sources)
    fs.copyFileSync(path.join(root, 'test/matrix', file), path.join(application, file));
  fs.writeFileSync(path.join(application, 'package.json'), '{ "private": true, "type": "module" }');
  const name = path.basename(application);
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const args = [...npm, path.join(folder, packed), ...packagesOf(row)];
  await runProgram({ name: `${name}-install`, command: 'npm', args, cwd: application, directory });
  const tsc = path.join(application, 'node_modules/typescript/bin/tsc');
  const compile = [
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--strict',
    '--skipLibCheck',
    '--types',
    'node',
  ];
  const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata'];
  await runProgram({
    name: `${name}-tsc`,
    command: process.execPath,
    args: [tsc, ...compile, ...decorators, ...sources],
    cwd: application,
    directory,
  });
  if (row === rows[0]) await tryResolutions({ application, tsc, directory });
  const env = {
    ...process.env,
    PLATFORM: row.platform,
    WITH_GOLEVELUP: String(row.golevelup !== undefined),
    WITH_OPENAPI: String(row.openapi === true),
    RABBITMQ_URL: urls.rabbitmqUrl,
    REDIS_URL: urls.redisUrl,
  };
  const node = path.join(application, `node_modules/node-${os.platform()}-${os.arch()}/bin/node`);
  const child = spawn(node, ['application.js'], { cwd: application, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = /** @type {[number | null]} */ (await events.once(child, 'close'));
  if (code !== 0) throw new Error(`the application of this row failed:\n${output}`);
}

/**
 * The types of each entry, with each way in which TypeScript looks for them. A CommonJS file, because the oldest way
 * knows nothing else.
 * @param {{ application: string, tsc: string, directory: string }} where
 */
async function tryResolutions({ application, tsc, directory }) {
  const entries = ['', '/redis', '/rabbitmq', '/microservices', '/graphql', '/client', '/testing'];
  const lines = entries.map(
    (entry, at) => `import * as e${at} from 'nestjs-idempotent${entry}'; void e${at};`,
  );
  fs.writeFileSync(
    path.join(application, 'types.ts'),
    `${lines.join('\n')}\nexport const run: typeof e0.IdempotencyService = e0.IdempotencyService;\n`,
  );
  for (const { module, moduleResolution } of resolutions) {
    const args = [tsc, '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--types', 'node'];
    await runProgram({
      name: `types-${moduleResolution}`,
      command: process.execPath,
      args: [...args, '--module', module, '--moduleResolution', moduleResolution, 'types.ts'],
      cwd: application,
      directory,
    });
  }
}

/** @param {Row} row */
function packagesOf({ nest, platform, ioredis, golevelup, openapi, node }) {
  return [
    ...['common', 'core', 'microservices', `platform-${platform}`].map((name) => `@nestjs/${name}@${nest}`),
    `ioredis@${ioredis}`,
    ...Object.entries(broker).map(([name, version]) => `${name}@${version}`),
    '@types/amqplib@0.10',
    ...(golevelup ? [`@golevelup/nestjs-rabbitmq@${golevelup}`] : []),
    ...(openapi ? [`@nestjs/swagger@${nest}`] : []),
    `node-${os.platform()}-${os.arch()}@${node}`,
    ...['reflect-metadata@0.2', 'rxjs@7', 'typescript@5', '@types/node@20'],
  ];
}

/** @param {Row} row */
function nameOf({ nest, platform, ioredis, golevelup, openapi, node }) {
  const client = golevelup ? `, golevelup ${golevelup}` : '';
  const document = openapi ? ', OpenAPI' : '';
  return `NestJS ${nest}, ${platform}, ioredis ${ioredis}${client}${document}, Node.js ${node}`;
}

readArguments({ help, options: {} });
void runCommand({ kind: 'matrix', title: 'Matrix of the library', work: matrix });

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');

const COMPILER_OPTIONS = {
  target: 'ES2022',
  module: 'node16',
  moduleResolution: 'node16',
  strict: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  outDir: 'dist',
  rootDir: 'src',
};

/** A NestJS application in its own folder, built from the code blocks of the manual and the packed module. */
export class FreshApplication {
  private readonly lines: string[] = [];

  private constructor(
    readonly folder: string,
    private readonly processes: ChildProcess[] = [],
  ) {}

  static async install(): Promise<FreshApplication> {
    const folder = await mkdtemp(join(tmpdir(), 'fresh-application-'));
    const app = new FreshApplication(folder);
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
      { cwd: join(root, 'libs/idempotency') },
    );
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    await app.write('package.json', JSON.stringify({ name: 'fresh-application', private: true }));
    await app.write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src'] }));
    for (const [file, content] of await blocksOfTheManual()) await app.write(file, content);
    await run(
      'npm',
      [
        ...['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'],
        ...[`./${filename}`, ...(await toolsOf())],
      ],
      { cwd: folder },
    );
    return app;
  }

  async write(file: string, content: string): Promise<void> {
    await mkdir(dirname(join(this.folder, file)), { recursive: true });
    await writeFile(join(this.folder, file), content);
  }

  /** The output of the manual's compiled tests; empty if they pass. */
  async test(): Promise<string> {
    try {
      await run('npx', ['jest', '--rootDir', 'dist', '--silent'], { cwd: this.folder });
      return '';
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  }

  /** The output of the compiler; empty if it succeeds. */
  async compile(): Promise<string> {
    try {
      await run('npx', ['tsc'], { cwd: this.folder });
      return '';
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  /** What a program in the application's folder prints, such as one that uses a file of the manual as a client. */
  async evaluate(program: string): Promise<string> {
    const { stdout } = await run(process.execPath, ['--eval', program], { cwd: this.folder });
    return stdout.trim();
  }

  /** Starts one of its programs; resolves with the URL that it prints. */
  async start(env: Record<string, string>, program = 'dist/main.js'): Promise<string> {
    const started = spawn(process.execPath, [program], { cwd: this.folder, env: { ...process.env, ...env } });
    this.processes.push(started);
    const lines: string[] = [];
    const collect = (chunk: Buffer) => {
      const added = chunk.toString().split('\n').filter(Boolean);
      lines.push(...added);
      this.lines.push(...added);
    };
    started.stdout.on('data', collect);
    started.stderr.on('data', collect);
    for (;;) {
      const url = lines.map((line) => /^listening on (.*)$/.exec(line)?.[1]).find(Boolean);
      if (url) return url;
      if (started.exitCode !== null) throw new Error(`the application ended:\n${lines.join('\n')}`);
      await Promise.race([once(started.stdout, 'data'), once(started, 'exit')]);
    }
  }

  get output(): readonly string[] {
    return this.lines;
  }

  /** How often a handler's effect happened. */
  effects(kind: string, what: string): number {
    return this.lines.filter((line) => line === `effect ${kind}:${what}`).length;
  }

  async remove(): Promise<void> {
    for (const started of this.processes) {
      if (started.exitCode !== null) continue;
      started.kill('SIGKILL');
      await once(started, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Code blocks whose first line names a file. */
async function blocksOfTheManual(): Promise<[file: string, content: string][]> {
  const manual = await readFile(join(root, 'libs/idempotency/README.md'), 'utf8');
  return [...manual.matchAll(/```ts\n\/\/ (src\/\S+)\n([\s\S]*?)```/g)].map(([, file = '', content = '']) => [
    file,
    content,
  ]);
}

/** The packages that every NestJS application has, in the versions of this project. */
async function toolsOf(): Promise<string[]> {
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  ) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const names = [
    '@nestjs/common',
    '@nestjs/core',
    '@nestjs/microservices',
    '@nestjs/platform-express',
    '@nestjs/testing',
    '@golevelup/nestjs-rabbitmq',
    'amqplib',
    'ioredis',
    'pg',
    'reflect-metadata',
    'rxjs',
    'typescript',
    '@types/node',
    '@types/jest',
    '@types/pg',
    'jest',
  ];
  return names.map((name) => `${name}@${dependencies[name] ?? devDependencies[name] ?? 'latest'}`);
}

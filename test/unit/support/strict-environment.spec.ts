import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../../..');
const rejecting = (message: string): string => `void Promise.reject(new Error('${message}'))`;

/** Runs Jest with this project's settings on a spec with this text. */
function runSpec(text: string): { failed: boolean; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'strict-'));
  try {
    writeFileSync(join(folder, 'one.spec.ts'), text);
    const config = {
      rootDir: folder,
      testMatch: ['**/*.spec.ts'],
      testEnvironment: join(root, 'test/support/strict-environment.ts'),
      setupFilesAfterEnv: [join(root, 'test/support/crashed-children.ts')],
      transform: { '\\.ts$': join(root, 'node_modules/@swc/jest') },
    };
    const jest = join(root, 'node_modules/jest/bin/jest.js');
    const args = [jest, '--config', JSON.stringify(config)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    return { failed: status !== 0 && stderr.includes('Tests: '), output: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('an unhandled rejection', () => {
  it.each([
    ['while a test runs', `it('passes', () => { ${rejecting('left alone')}; });`],
    [
      'while a later test waits',
      `it('passes', () => { setTimeout(() => { ${rejecting('left alone')}; }, 20); });
       it('waits', () => new Promise((done) => setTimeout(done, 200)));`,
    ],
    ['in a hook', `beforeAll(() => { ${rejecting('left alone')}; }); it('passes', () => undefined);`],
    ['while the file is loaded', `${rejecting('left alone')}; it('passes', () => undefined);`],
  ])('fails the spec: %s', (_, text) => {
    const { failed, output } = runSpec(text);
    expect(output).toContain('left alone');
    expect(failed).toBe(true);
  });

  it('fails the spec after its last test, too', () => {
    const text = `it('passes', () => undefined); afterAll(() => { ${rejecting('left alone')}; });`;
    expect(runSpec(text)).toMatchObject({
      failed: true,
      output: expect.stringContaining('left alone') as unknown,
    });
  });
});

describe('a program with an unhandled error that a spec started', () => {
  const helper = JSON.stringify(join(root, 'test/support/child-process'));
  const starting = (program: string): string => `
    const { mkdtempSync, writeFileSync } = require('node:fs');
    const { join } = require('node:path');
    const { useRunFolder } = require(${JSON.stringify(join(root, 'test/support/isolation'))});
    const { NodeProcess } = require(${helper});
    it('does not look at the exit code', async () => {
      const folder = mkdtempSync(join(__dirname, 'run-'));
      useRunFolder(folder);
      writeFileSync(join(folder, 'program.js'), ${JSON.stringify(program)});
      await new NodeProcess(join(folder, 'program.js'), { name: 'program', env: {} }).exited;
    });`;

  it.each([
    ['a rejected promise', rejecting('left alone')],
    ['an exception', 'setTimeout(() => { throw new Error("left alone"); })'],
    ['an event', 'new (require("node:events"))().emit("error", new Error("left alone"))'],
  ])('fails the spec: %s', (_, program) => {
    const { failed, output } = runSpec(starting(program));
    expect(output).toContain('a program had an unhandled error');
    expect(output).toContain('left alone');
    expect(failed).toBe(true);
  });

  it('does not fail the spec if the program exits with 0', () => {
    expect(runSpec(starting('process.exitCode = 0'))).toMatchObject({ failed: false });
  });
});

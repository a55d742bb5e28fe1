import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const scripts = resolve(__dirname, '../../../scripts');

/** Runs code with the functions of terminal.js in a process without a terminal. */
function withTerminal(code: string): { stdout: string; stderr: string } {
  const whole = `
    const { print, printToStderr, step, whileShowing } = require('./terminal');
    const { setTimeout: pause } = require('node:timers/promises');
    void (async () => { ${code} })();
  `;
  return spawnSync(process.execPath, ['-e', whole], { cwd: scripts, encoding: 'utf8' });
}

describe('work that takes longer than two seconds', () => {
  it('is reported with its current progress if there is no terminal', () => {
    const { stdout } = withTerminal(`
      let done = 0;
      await whileShowing(() => done + ' of 2', async () => { await pause(500); done = 1; await pause(2_000); });
      print('over');
    `);
    expect(stdout).toMatch(/^… 1 of 2 \(\d+\.\d s\)\nover\n$/);
  });
});

describe('a command whose standard output is for programs', () => {
  it('prints the text for people to standard error', () => {
    const { stdout, stderr } = withTerminal(`
      printToStderr();
      await step('work', async () => 'done', (result) => result);
      process.stdout.write('{}');
    `);
    expect(stdout).toBe('{}');
    expect(stderr).toMatch(/^✓ work done \d/);
  });
});

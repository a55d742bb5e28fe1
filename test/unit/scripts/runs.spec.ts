import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { processStart, remember } from '../../../scripts/services/leftovers';
import { openRun, removeRun } from '../../../scripts/services/runs';

describe('the folder of a run', () => {
  const own: string[] = [];
  const started: ChildProcess[] = [];

  afterEach(() => {
    own.splice(0).forEach(removeRun);
    started.splice(0).forEach((child) => child.kill('SIGKILL'));
  });

  function open(): string {
    const directory = openRun('spec');
    own.push(directory);
    return directory;
  }

  /** The folder of a killed process whose programs still run. */
  function interruptedRun(): string {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const directory = join(dirname(open()), `spec-${dead}-1-1`);
    mkdirSync(join(directory, 'server'), { recursive: true });
    return directory;
  }

  function sleeper(): { child: ChildProcess; pid: number; startedAt: string } {
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    started.push(child);
    const pid = Number(child.pid);
    return { child, pid, startedAt: String(processStart(pid)) };
  }

  it('is a new one each time', () => {
    expect(open()).not.toBe(open());
  });

  it('is kept while its process lives, even if other runs start', () => {
    const first = open();
    open();
    expect(existsSync(first)).toBe(true);
  });

  it('of an interrupted run is removed by the next run, which also ends the programs that still run', async () => {
    const directory = interruptedRun();
    const { child, pid, startedAt } = sleeper();
    remember(join(directory, 'server'), 'sleeper', { kind: 'process', pid, startedAt });
    const exited = once(child, 'exit');
    open();
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(existsSync(directory)).toBe(false);
  });

  it('does not cause the end of an unrelated process that got the same id', () => {
    const directory = interruptedRun();
    const { pid, startedAt } = sleeper();
    remember(directory, 'unrelated', { kind: 'process', pid, startedAt: `${startedAt}0` });
    open();
    expect(processStart(pid)).toBe(startedAt);
  });
});

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

  /** A folder as a process leaves it that was killed; what it started lives on. */
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

  it('is a fresh one each time', () => {
    expect(open()).not.toBe(open());
  });

  it('stays while its process lives, whoever else starts', () => {
    const first = open();
    open();
    expect(existsSync(first)).toBe(true);
  });

  it('of an interrupted run is removed by the next one, and what still runs of it is ended', async () => {
    const directory = interruptedRun();
    const { child, pid, startedAt } = sleeper();
    remember(join(directory, 'server'), 'sleeper', { kind: 'process', pid, startedAt });
    const exited = once(child, 'exit');
    open();
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(existsSync(directory)).toBe(false);
  });

  it('does not end a process that has got the id of one of ours', () => {
    const directory = interruptedRun();
    const { pid, startedAt } = sleeper();
    remember(directory, 'stranger', { kind: 'process', pid, startedAt: `${startedAt}0` });
    open();
    expect(processStart(pid)).toBe(startedAt);
  });
});

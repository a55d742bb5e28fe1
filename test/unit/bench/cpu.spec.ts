import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpuMicroseconds, familyCpuMicroseconds } from '../../../bench/cpu';

describe('the CPU time of processes', () => {
  it('is unknown for a process that does not exist', () => {
    expect(cpuMicroseconds([2 ** 30])).toBeNaN();
  });

  it('is unknown if no process is known, such as for a server on another machine', () => {
    expect(cpuMicroseconds([])).toBeNaN();
  });

  it('is known on Linux', () => {
    expect(cpuMicroseconds([process.pid]) > 0).toBe(process.platform === 'linux');
  });

  it('is that of all processes together', () => {
    const once = cpuMicroseconds([process.pid]);
    expect(cpuMicroseconds([process.pid, process.pid]) < 2 * once).toBe(false);
  });
});

describe('the CPU time of a process with its children', () => {
  const BURNT_MS = 200;
  const burn = `while (process.cpuUsage().user < ${BURNT_MS * 1_000});`;

  /** A shell whose child uses CPU time, as soon as that child says so. */
  async function shell(script: string) {
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    return {
      pid: child.pid ?? 0,
      end: async () => {
        child.stdin.end();
        await exited;
      },
    };
  }

  it.each([
    { which: 'a child that has ended', script: `"${process.execPath}" -e '${burn}'; echo; read end` },
    {
      which: 'a child that runs',
      script: `"${process.execPath}" -e '${burn} console.log(); process.stdin.resume()'; exit`,
    },
  ])('includes that of $which', async ({ script }) => {
    const { pid, end } = await shell(script);
    const [alone, all] = [cpuMicroseconds([pid]), familyCpuMicroseconds(pid)];
    await end();
    const wasUsed = (microseconds: number) => microseconds >= BURNT_MS * 1_000;
    expect([wasUsed(alone), wasUsed(all)]).toEqual([false, process.platform === 'linux']);
  });

  it('is unknown for a process that does not exist', () => {
    expect(familyCpuMicroseconds(2 ** 30)).toBeNaN();
  });
});

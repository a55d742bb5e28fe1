import { cpuMicroseconds } from '../../../bench/cpu';

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

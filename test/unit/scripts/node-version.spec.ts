import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const script = resolve(__dirname, '../../../scripts/node-version.js');

/** Loads the check in a process that pretends to be this version of Node.js. */
function checkWith(version: string): { status: number | null; stderr: string } {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  const code = `${pretend}; require(${JSON.stringify(script)})`;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
}

describe('the check of the Node.js version', () => {
  it.each(['18.20.8', '20.18.3', '20.9.0'])('rejects %s and prints the required version', (version) => {
    const { status, stderr } = checkWith(version);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/needs Node\.js 20\.19\.0 or newer/),
    });
  });

  it.each(['20.19.0', '20.20.2', '22.1.0', '24.0.0'])('accepts %s', (version) => {
    expect(checkWith(version)).toMatchObject({ status: 0, stderr: '' });
  });
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isJsonObject, parseJsonObject } from '../../support/json';

const root = resolve(__dirname, '../../..');
const scripts = parseJsonObject(readFileSync(join(root, 'package.json'), 'utf8'))?.scripts;
const commands = ['start', 'demo', 'test', 'faults', 'faults:mutants', 'bench', 'model', 'sbom'];

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the same command as `npm run NAME -- …`. */
function npmRun(name: string, ...args: string[]): Ended {
  const command = isJsonObject(scripts) ? String(scripts[name]) : '';
  const [program = '', ...given] = command.replace(/^exec /, '').split(' ');
  expect(program).toBe('node');
  return spawnSync(process.execPath, [...given, ...args], { cwd: root, encoding: 'utf8' });
}

describe.each(commands)('npm run %s', (name) => {
  it('with --help prints what it does and what its exit codes mean, and starts nothing', () => {
    const { status, stdout, stderr } = npmRun(name, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^npm (run )?${name}: .*\n\n[^]* --help[^]*\nExit code 0 .*\n$`));
  });
});

describe.each(commands.filter((name) => name !== 'test'))('npm run %s', (name) => {
  it('rejects an unknown option with code 2 and lists the allowed ones, and starts nothing', () => {
    const { status, stdout, stderr } = npmRun(name, '--surprise');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Unknown option '--surprise'; allowed: .*--help\n/);
    expect(stderr).toContain('Exit code 0');
  });

  it('prints its help even with an unknown option', () => {
    expect(npmRun(name, '--surprise', '--help')).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('a document that is longer than the buffer of a pipe', () => {
  it('is printed completely before the process ends', () => {
    const script = `const { printDocument } = require('./scripts/command-line');
      void printDocument({ text: 'x'.repeat(5e6) }).then(() => process.exit());`;
    const { stdout } = spawnSync(process.execPath, ['-e', script], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1e7,
    });
    expect(parseJsonObject(stdout)).toEqual({ text: 'x'.repeat(5e6) });
  });
});

describe('wrong usage', () => {
  it.each([
    { name: 'demo', args: ['twice'], says: "Unexpected argument 'twice'" },
    { name: 'demo', args: ['--json=yes'], says: "'--json' does not take an argument" },
    { name: 'bench', args: ['--quick', '--guard'], says: 'Only one of --quick and --guard' },
    {
      name: 'faults',
      args: ['--payments', 'many'],
      says: "--payments takes a whole number of at least 0, not 'many'",
    },
    { name: 'faults', args: ['--only', 'kill,flood'], says: "unknown kind 'flood'; allowed: kill, crash" },
    {
      name: 'faults',
      args: ['--workload', 'transfers'],
      says: "unknown workload 'transfers'; allowed: payments, transfer",
    },
    {
      name: 'faults',
      args: ['--workload', 'transfer', '--payments', '9'],
      says: '--payments is an option of --workload payments, and this is --workload transfer',
    },
    { name: 'faults', args: ['--seed'], says: "'--seed <value>' argument missing" },
  ])('of $name with $args exits with code 2 and prints the reason', ({ name, args, says }) => {
    const { status, stderr } = npmRun(name, ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(says);
  });
});

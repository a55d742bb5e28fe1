import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, printDocument, wrongUse } from '../../../scripts/command-line';
import { openRun, removeRun } from '../../../scripts/services/runs';
import { green, print, red, whileShowing } from '../../../scripts/terminal';
import { isJsonObject, parseJsonObject } from '../../support/json';
import { buildMutant, copyWithEdits } from './build';
import { checkerMutants } from './checker-mutants';
import { mutants, scenarios } from './mutants';
import type { Mutant, ScenarioName } from './mutants';
import { help, readOptions } from './options';

const root = resolve(__dirname, '../../..');
const hook = join(root, 'scripts/typescript.js');
const restWithinSeconds = '60';
const names = [...checkerMutants, ...mutants].map(({ name }) => name);

interface Result {
  name: string;
  ok: boolean;
  problem?: string;
}

interface Trial {
  name: string;
  /** What went wrong, if anything did. */
  run: () => Promise<string | undefined>;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const unknown = options.texts.find((text) => !names.some((name) => name.includes(text)));
  if (unknown !== undefined)
    wrongUse(`no mutant's name contains '${unknown}'; the mutants are:\n${names.join('\n')}`, help);
  if (options.list) {
    console.log(names.join('\n'));
    return EXIT.done;
  }
  return tryAll(options);
}

async function tryAll({ texts, json }: { texts: readonly string[]; json: boolean }): Promise<number> {
  const folder = openRun('mutants');
  const trials = trialsOf(texts, folder);
  const results: Result[] = [];
  const soFar = () => `${trials[results.length]?.name} (${results.length + 1} of ${trials.length})`;
  for (const { name, run } of trials) {
    const problem = await whileShowing(soFar, run);
    results.push({ name, ok: problem === undefined, ...(problem !== undefined && { problem }) });
    print(problem === undefined ? `${green('✓')} ${name}` : `${red('✗')} ${name}: ${problem}`);
  }
  const failed = results.filter(({ ok }) => !ok).length;
  print(`\n${results.length} runs, ${failed === 0 ? 'every mutant was caught' : `${failed} failed`}`);
  if (failed === 0) removeRun(folder);
  else print(`Their output is in ${folder} until the next run.`);
  if (json) await printDocument({ ok: failed === 0, results });
  return failed === 0 ? EXIT.done : EXIT.failed;
}

/** The mutants whose names contain one of the texts (without texts: all), and each of their scenarios without a mutant. */
function trialsOf(texts: readonly string[], folder: string): Trial[] {
  const isWanted = ({ name }: { name: string }): boolean =>
    texts.length === 0 || texts.some((text) => name.includes(text));
  const wanted = mutants.filter(isWanted);
  return [
    ...checkerMutants
      .filter(isWanted)
      .map((mutant) => ({ name: mutant.name, run: () => survivesUnitTests(mutant, folder) })),
    ...[...new Set(wanted.map(({ scenario }) => scenario))].map((scenario) => ({
      name: `without a mutant: ${scenario}`,
      run: () => failsWithoutMutant(scenario, folder),
    })),
    ...wanted.map((mutant) => ({ name: mutant.name, run: () => survives(mutant, folder) })),
  ];
}

/** If the unchanged service fails a scenario, catching a mutant in it proves nothing. */
async function failsWithoutMutant(scenario: ScenarioName, folder: string): Promise<string | undefined> {
  const build = join(folder, 'unchanged');
  if (!existsSync(build)) buildMutant(root, build, []);
  const { code, output } = await faultRun(scenario, build);
  return code === 0 ? undefined : `the unchanged service fails:\n${output}`;
}

async function survives(mutant: Mutant, folder: string): Promise<string | undefined> {
  const build = join(folder, mutant.name.replaceAll(' ', '-'));
  buildMutant(root, build, mutant.edits);
  const { code, document, output } = await faultRun(mutant.scenario, build);
  if (code === 0) return 'was not caught';
  const rules = rulesIn(document);
  if (rules.includes(mutant.caughtBy)) return undefined;
  return `"${mutant.caughtBy}" should have caught it; broken were: ${rules.join(', ') || output}`;
}

function rulesIn(document: string): unknown[] {
  const findings = parseJsonObject(document)?.findings;
  return Array.isArray(findings) ? [...new Set(findings.filter(isJsonObject).map(({ rule }) => rule))] : [];
}

async function faultRun(scenario: ScenarioName, build: string): Promise<Ended> {
  const own = ['--build', build, '--json', '--rest-within', restWithinSeconds];
  return node(['--require', hook, 'test/faults/main.ts', ...scenarios[scenario].split(' '), ...own]);
}

async function survivesUnitTests(
  { name, edits }: { name: string; edits: Mutant['edits'] },
  folder: string,
): Promise<string | undefined> {
  const copy = join(folder, name.replaceAll(/\W/g, '-'));
  copyWithEdits(join(root, 'test'), copy, edits);
  const config = {
    rootDir: copy,
    // Other specs need files outside of the copy: they would fail without a mutant, too.
    testMatch: ['**/unit/faults/*checker.spec.ts'],
    transform: { '\\.ts$': '@swc/jest' },
  };
  const { code, output } = await node([
    join(root, 'node_modules/jest/bin/jest.js'),
    '--config',
    JSON.stringify(config),
  ]);
  if (code === 0) return 'was not caught';
  return output.includes('● ') && output.includes('checker')
    ? undefined
    : `the tests could not run:\n${output}`;
}

interface Ended {
  code: number | null;
  /** Standard output. */
  document: string;
  /** Standard output and standard error. */
  output: string;
}

async function node(args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const document: Buffer[] = [];
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => document.push(chunk));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  return { code, document: Buffer.concat(document).toString(), output: Buffer.concat(output).toString() };
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(EXIT.failed);
  },
);

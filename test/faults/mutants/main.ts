import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openRun, removeRun } from '../../../scripts/services/runs';
import { isJsonObject, parseJsonObject } from '../../support/json';
import { buildMutant, copyWithEdits } from './build';
import { checkerMutants, mutants, scenarios } from './mutants';
import type { Mutant, ScenarioName } from './mutants';

const root = resolve(__dirname, '../../..');
const hook = join(root, 'scripts/typescript.js');
const restWithinSeconds = '60';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs each mutant whose name contains one of the words, or all of them; and each scenario without any mutant. */
async function main(words: readonly string[]): Promise<number> {
  const isWanted = ({ name }: { name: string }): boolean =>
    words.length === 0 || words.some((word) => name.includes(word));
  const folder = openRun('mutants');
  const wanted = mutants.filter(isWanted);
  let failures = 0;
  const judge = (name: string, problem: string | undefined): void => {
    if (problem !== undefined) failures++;
    print(`${problem === undefined ? '✓' : '✗'} ${name}${problem === undefined ? '' : `: ${problem}`}`);
  };
  for (const mutant of checkerMutants.filter(isWanted))
    judge(mutant.name, await escapesUnitTests(mutant, folder));
  for (const scenario of new Set(wanted.map((mutant) => mutant.scenario)))
    judge(`without a mutant: ${scenario}`, await disturbs(scenario, folder));
  for (const mutant of wanted) judge(mutant.name, await escapes(mutant, folder));
  if (failures === 0) removeRun(folder);
  print(failures === 0 ? 'every mutant was caught' : `${failures} failed; what they printed is in ${folder}`);
  return failures === 0 ? 0 : 1;
}

/** What is wrong when the service as it is does not pass a scenario: then catching a mutant in it proves nothing. */
async function disturbs(scenario: ScenarioName, folder: string): Promise<string | undefined> {
  const build = join(folder, 'as-it-is');
  if (!existsSync(build)) buildMutant(join(root, 'src'), build, []);
  const { code, output } = await faultRun(scenario, { build, report: join(folder, 'report.json') });
  return code === 0 ? undefined : `the service as it is fails:\n${output}`;
}

async function escapes(mutant: Mutant, folder: string): Promise<string | undefined> {
  const build = join(folder, mutant.name.replaceAll(' ', '-'));
  buildMutant(join(root, 'src'), build, mutant.edits);
  const report = join(build, 'report.json');
  const { code, output } = await faultRun(mutant.scenario, { build, report });
  if (code === 0) return 'was not caught';
  const rules = rulesIn(report);
  if (rules.includes(mutant.caughtBy)) return undefined;
  return `"${mutant.caughtBy}" should have caught it; broken were: ${rules.join(', ') || output}`;
}

function rulesIn(report: string): unknown[] {
  const findings = existsSync(report) ? parseJsonObject(readFileSync(report, 'utf8'))?.findings : undefined;
  return Array.isArray(findings) ? [...new Set(findings.filter(isJsonObject).map(({ rule }) => rule))] : [];
}

async function faultRun(
  scenario: ScenarioName,
  { build, report }: { build: string; report: string },
): Promise<Ended> {
  const own = ['--build', build, '--json', report, '--rest-within', restWithinSeconds];
  return node(['--require', hook, 'test/faults/main.ts', ...scenarios[scenario].split(' '), ...own]);
}

async function escapesUnitTests(
  { name, edits }: { name: string; edits: Mutant['edits'] },
  folder: string,
): Promise<string | undefined> {
  const copy = join(folder, name.replaceAll(/\W/g, '-'));
  copyWithEdits(join(root, 'test'), copy, edits);
  const config = {
    rootDir: copy,
    testMatch: ['**/unit/faults/**/*.spec.ts'],
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
  output: string;
}

async function node(args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  return { code, output: Buffer.concat(chunks).toString() };
}

void main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(2);
  },
);

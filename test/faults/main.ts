import { writeFileSync } from 'node:fs';
import { openRun } from '../../scripts/services/runs';
import { stopEverything } from '../../scripts/services/running';
import { useRunFolder } from '../support/isolation';
import { titleOf } from './faults';
import { help, readOptions } from './options';
import type { RunOptions } from './options';
import { linesOf, reportOn } from './report';
import { run } from './run';
import { scheduleOf } from './schedule';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    print(help);
    return 0;
  }
  if (options.printSchedule) {
    for (const { atMs, fault } of scheduleOf(options))
      print(`${atMs} ms  ${titleOf(fault)}  ${JSON.stringify(fault)}`);
    return 0;
  }
  return runAndReport(options);
}

async function runAndReport(options: RunOptions): Promise<number> {
  useRunFolder(openRun('faultrun'));
  const report = reportOn(await run(options, print), options);
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, JSON.stringify(report, null, 2));
  for (const line of linesOf(report)) print(line);
  return report.passed ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void stopEverything().then(() => process.exit(1)));

void main()
  .catch((error: unknown) => {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 2;
  })
  .then(async (code) => {
    await stopEverything();
    process.exit(code);
  });

import { EXIT, printDocument } from '../../scripts/command-line';
import { openRun, removeRun } from '../../scripts/services/runs';
import { stopEverything } from '../../scripts/services/running';
import { print } from '../../scripts/terminal';
import { useRunFolder } from '../support/isolation';
import { titleOf } from './faults';
import { readOptions } from './options';
import type { RunOptions } from './options';
import { linesOf, reportOn } from './report';
import { run } from './run';
import { scheduleOf } from './schedule';

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.printSchedule) {
    for (const { atMs, fault } of scheduleOf(options))
      console.log(`${atMs} ms  ${titleOf(fault)}  ${JSON.stringify(fault)}`);
    return EXIT.done;
  }
  print(
    `seed ${options.seed}; repeat with: npm run faults -- ${process.argv.slice(2).join(' ') || '--seed 1'}`,
  );
  return runAndReport(options);
}

async function runAndReport(options: RunOptions): Promise<number> {
  const folder = openRun('faultrun');
  useRunFolder(folder);
  const report = reportOn(await run(options), options);
  for (const line of linesOf(report)) print(line);
  if (options.json) await printDocument(report);
  if (report.ok) removeRun(folder);
  else print(`Logs are in ${folder} until the next run.`);
  return report.ok ? EXIT.done : EXIT.failed;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void stopEverything().then(() => process.exit(EXIT.failed)));

void main()
  .catch((error: unknown) => {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return EXIT.failed;
  })
  .then(async (code) => {
    await stopEverything();
    process.exit(code);
  });

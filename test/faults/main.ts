import { EXIT, printDocument } from '../../scripts/command-line';
import { openRun, removeRun } from '../../scripts/services/runs';
import { stopEverything } from '../../scripts/services/running';
import { print } from '../../scripts/terminal';
import { useRunFolder } from '../support/isolation';
import { readOptions } from './options';
import type { RunOptions } from './options';
import { linesOf } from './report';
import type { Report } from './report';
import { workloadOf } from './workloads';

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const workload = workloadOf(options);
  if (options.printSchedule) {
    for (const line of workload.schedule()) console.log(line);
    return EXIT.done;
  }
  print(
    `seed ${options.seed}; repeat with: npm run faults -- ${process.argv.slice(2).join(' ') || '--seed 1'}`,
  );
  return runAndReport(workload.run, options);
}

async function runAndReport(run: () => Promise<Report>, { json }: RunOptions): Promise<number> {
  const folder = openRun('faultrun');
  useRunFolder(folder);
  const report = await run();
  for (const line of linesOf(report)) print(line);
  if (json) await printDocument(report);
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

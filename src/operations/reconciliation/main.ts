import '../../messaging/header-tables';
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { print } from '../command-line/print';
import { argumentsFrom, UsageError } from '../command-line/usage.error';
import { whileShowing } from '../command-line/while-showing';
import { readEnvironment } from '../../config/config.module';
import { InvalidEnvironmentError } from '../../config/invalid-environment.error';
import { printableLines } from '../../text/printable';
import { durationMs, periodOf } from './period';
import { Reconciliation, type Report } from './reconciliation';
import { ReconciliationModule } from './reconciliation.module';
import { reportText } from './report-text';
import { messageOf } from '../../text/message-of';

const HELP = `npm run reconcile: checks that Redis, the gateway and the ledger agree about each payment, and that each has
exactly one end

  --since <duration>      how far back to read the gateway's charges, such as 90m, 24h or 7d.
                          Default: as long as records are kept (IDEMPOTENCY_TTL)
  --json                  prints one JSON document, for programs.
                          npm run --silent reconcile -- --json prints nothing else
  --help

It reads from REDIS_URL, RABBITMQ_URL, the gateway and, if it is set, DATABASE_URL (settings from the environment or .env).
It changes nothing and can run while the service runs.

Exit code 0 when every payment is consistent, 1 when a payment is broken, 2 when the check failed or for wrong use.`;

const EXIT = { clean: 0, broken: 1, unchecked: 2 } as const;

function parse(args: string[]) {
  const { values } = argumentsFrom(() =>
    parseArgs({
      args,
      options: {
        since: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  return { json: values.json, agoMs: agoFrom(values.since) };
}

function agoFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const agoMs = durationMs(text);
  if (agoMs === undefined) throw new UsageError('--since takes a duration, such as 90m, 24h or 7d');
  return agoMs;
}

/** The current step, for people. */
let progress = () => 'connecting';

async function check(agoMs: number | undefined): Promise<Report> {
  const environment = readEnvironment();
  const app = await NestFactory.createApplicationContext(ReconciliationModule.forEnvironment(environment), {
    logger: false,
    abortOnError: false,
  });
  try {
    const reconciliation = app.get(Reconciliation);
    progress = () => reconciliation.progress;
    return await reconciliation.run(periodOf(environment, agoMs, new Date()));
  } finally {
    await app.close();
  }
}

async function main(args: string[]): Promise<number> {
  // First, so that it works even when other arguments are wrong.
  if (args.includes('--help')) {
    console.log(HELP);
    return EXIT.clean;
  }
  const { json, agoMs } = parse(args);
  const checked = check(agoMs);
  const report = await (json
    ? checked
    : whileShowing(() => `comparing what is known of each payment: ${progress()}`, checked));
  await print(printableLines(json ? JSON.stringify(report, undefined, 2) : reportText(report)));
  return report.broken.length === 0 ? EXIT.clean : EXIT.broken;
}

void main(process.argv.slice(2))
  .catch((error: unknown) => {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${HELP}`);
    else if (error instanceof InvalidEnvironmentError) console.error(error.message);
    else console.error(`The payments could not be checked: ${messageOf(error)}`);
    return EXIT.unchecked;
  })
  // A connection that is still being tried must not keep a finished command alive.
  .then((code) => process.exit(code));

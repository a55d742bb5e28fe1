import '../messaging/header-tables';
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { printable } from '../command-line/printable';
import { readEnvironment } from '../config/config.module';
import { InvalidEnvironmentError } from '../config/invalid-environment.error';
import { durationMs, periodOf } from './period';
import { Reconciliation, type Report } from './reconciliation';
import { ReconciliationModule } from './reconciliation.module';
import { reportText } from './report-text';

const HELP = `npm run reconcile: does Redis say the same of each payment as the gateway, and has each exactly one end?

  --since <duration>      how far back the gateway's charges are read, such as 90m, 24h or 7d.
                          By default as long as records are kept (IDEMPOTENCY_TTL)
  --json                  for programs
  --help

It reads from REDIS_URL, RABBITMQ_URL and the gateway, else as .env says, while the service runs, and changes nothing.
Exit code 0 when all is well, 1 when a payment is broken, 2 when it could not be checked.`;

const EXIT = { clean: 0, broken: 1, unchecked: 2 } as const;

class UsageError extends Error {}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        since: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return { ...values, agoMs: agoFrom(values.since) };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function agoFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const agoMs = durationMs(text);
  if (agoMs === undefined) throw new Error('--since takes a duration, such as 90m, 24h or 7d');
  return agoMs;
}

async function check(agoMs: number | undefined): Promise<Report> {
  const environment = readEnvironment();
  const app = await NestFactory.createApplicationContext(ReconciliationModule, {
    logger: false,
    abortOnError: false,
  });
  try {
    return await app.get(Reconciliation).run(periodOf(environment, agoMs, new Date()));
  } finally {
    await app.close();
  }
}

async function main(): Promise<number> {
  const { help, json, agoMs } = parse(process.argv.slice(2));
  if (help) {
    console.log(HELP);
    return EXIT.clean;
  }
  const report = await check(agoMs);
  console.log(json ? JSON.stringify(report, undefined, 2) : printable(reportText(report)));
  return report.broken.length === 0 ? EXIT.clean : EXIT.broken;
}

void main()
  .catch((error: unknown) => {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${HELP}`);
    else if (error instanceof InvalidEnvironmentError) console.error(error.message);
    else
      console.error(
        `The payments could not be checked: ${error instanceof Error ? error.message : String(error)}`,
      );
    return EXIT.unchecked;
  })
  // A connection that is still being tried must not keep a finished command alive.
  .then((code) => process.exit(code));

import 'reflect-metadata';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { print } from '../command-line/print';
import { UsageError } from '../command-line/usage.error';
import { whileShowing } from '../command-line/while-showing';
import { readEnvironment } from '../../config/config.module';
import { InvalidEnvironmentError } from '../../config/invalid-environment.error';
import type { PaymentSum } from '../../ledger/payment-sums';
import { messageOf } from '../../text/message-of';
import { EventsWaitingError, Forgetting, type Forgotten } from './forgetting';
import { LedgerCommandModule } from './ledger-command.module';

const HELP = `npm run --silent ledger -- <command>: changes the ledger of payments

  forget <customer>       replaces the customer's id by a pseudonym, the same in all payments, removes the fingerprints, which
                          are made from it, and deletes the addresses of receipts that wait in Redis. Amounts stay as they are.
                          With - instead of the id it is read from standard input, so that no list of processes has it

  --json                  prints one JSON document, for programs
  --help

Without --silent npm prints the command with the id. It connects to DATABASE_URL and REDIS_URL, from the environment or .env,
and can run while the service runs. Events that name the customer must be published first; it waits half a minute for that.

Exit code 0 when done, 1 when not, also if the ledger has no payment of the customer, 2 for wrong use or without DATABASE_URL.`;

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

interface Arguments {
  readonly customer: string;
  readonly json: boolean;
}

/** No message quotes an argument: any of them may be the id of a customer. */
function parse(args: string[]): Arguments {
  const { values, positionals } = parsed(args);
  const [command, customer, ...more] = positionals;
  if (command !== 'forget') throw new UsageError('a command is missing; there is one: forget');
  if (!customer) throw new UsageError('the id of a customer is missing');
  if (more.length > 0) throw new UsageError('too many arguments; put an id with spaces in quotes');
  return { customer, json: values.json };
}

function parsed(args: string[]) {
  const options = { json: { type: 'boolean', default: false } } as const;
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch {
    throw new UsageError('unknown option; before an id that begins with - write --');
  }
}

async function customerIn({ customer }: Arguments): Promise<string> {
  if (customer !== '-') return customer;
  const id = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (id === '') throw new UsageError('standard input has no id of a customer');
  return id;
}

/** For people. */
let progress = () => 'connecting';

async function forget(customerId: string): Promise<Forgotten> {
  const app = await NestFactory.createApplicationContext(LedgerCommandModule, {
    logger: false,
    abortOnError: false,
  });
  try {
    const forgetting = app.get(Forgetting);
    progress = () => forgetting.progress;
    return await forgetting.run(customerId);
  } finally {
    await app.close();
  }
}

async function main(args: string[]): Promise<number> {
  // First, so that it works even when other arguments are wrong.
  if (args.includes('--help')) {
    console.log(HELP);
    return EXIT.done;
  }
  const given = parse(args);
  if (readEnvironment().databaseUrl === '')
    throw new UsageError('DATABASE_URL is not set: without it there is no ledger');
  const work = forget(await customerIn(given));
  const forgotten = await (given.json
    ? work
    : whileShowing(() => `forgetting the customer: ${progress()}`, work));
  await print(given.json ? JSON.stringify(forgotten, undefined, 2) : textOf(forgotten));
  return forgotten.payments > 0 ? EXIT.done : EXIT.failed;
}

function textOf({ payments, before, after }: Forgotten): string {
  if (payments === 0) return 'The ledger has no payment of this customer.';
  return [
    `${payments} ${payments === 1 ? 'payment' : 'payments'} changed`,
    'Sums in minor units before:',
    ...before.map(lineOf),
    'after:',
    ...after.map(lineOf),
  ].join('\n');
}

function lineOf({ currency, status, payments, minorUnits }: PaymentSum): string {
  return `  ${currency}  ${status.padEnd(12)}${String(payments).padStart(9)}${String(minorUnits).padStart(20)}`;
}

void main(process.argv.slice(2))
  .catch((error: unknown) => {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${HELP}`);
      return EXIT.usage;
    }
    const isExpected = error instanceof EventsWaitingError || error instanceof InvalidEnvironmentError;
    console.error(isExpected ? error.message : `The command failed: ${messageOf(error)}`);
    return error instanceof InvalidEnvironmentError ? EXIT.usage : EXIT.failed;
  })
  // A connection that is still being tried must not keep a finished command alive.
  .then((code) => process.exit(code));

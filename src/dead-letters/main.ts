import '../messaging/header-tables';
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { print } from '../command-line/print';
import { argumentsFrom, UsageError } from '../command-line/usage.error';
import { whileShowing } from '../command-line/while-showing';
import { readEnvironment } from '../config/config.module';
import { InvalidEnvironmentError } from '../config/invalid-environment.error';
import { printableLines } from '../text/printable';
import { connectToBroker } from '../messaging/broker-connection';
import { BrokerSilentError, BrokerSteps } from './broker-steps';
import type { DeadLetter, DeadLetterContent } from './dead-letter';
import { DeadLetters, UnknownDeadLetterError, type DeadLetterList } from './dead-letters';
import { DeadLettersBusyError } from './reading';

/** What a command has to say is said by then. */
const CLOSE_WITHIN_MS = 2_000;

const HELP = `npm run dead-letters -- <command>: what a person does with payments that nobody could charge, and receipts that nobody could send

  list [--limit N]        the oldest N (100), in their order, with the reason of each
  show <id>               one of them, whole
  replay <id>             sends it through the front door again, with its own key: never charged twice
  replay --all            the same with all that are there now
      --force             lets messages through that are older than the deduplication window.
                          They may have been charged and forgotten: look at the gateway first
  drop <id>               removes it for good

  --json                  for programs: prints one JSON document.
                          npm run --silent dead-letters -- list --json prints nothing else
  --help

It talks to the broker in RABBITMQ_URL, else to the one in .env; a replay also asks Redis (REDIS_URL) how many attempts
there were, so that it gets all of its own. However few are asked for, all are looked through.

Exit code 0 when done, 1 when not, 2 for wrong use.`;

type Arguments = ReturnType<typeof parse>;

function parse(args: string[]) {
  return argumentsFrom(() =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        limit: { type: 'string', default: '100' },
        all: { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
}

async function run({ values, positionals }: Arguments, deadLetters: DeadLetters): Promise<string> {
  const [command, id] = positionals;
  const print = <T>(value: T, readable: (value: T) => string) =>
    values.json ? JSON.stringify(value, undefined, 2) : readable(value);
  switch (command) {
    case 'list':
      return print(await deadLetters.list(limitFrom(values.limit)), tableOf);
    case 'show':
      return print(await deadLetters.show(required(id)), describe);
    case 'replay': {
      const { force } = values;
      if (values.all)
        return print(
          { replayed: await deadLetters.replayAll({ force }) },
          (done) => `${done.replayed} replayed`,
        );
      return print(await deadLetters.replay(required(id), { force }), (done) => `replayed ${lineOf(done)}`);
    }
    case 'drop':
      return print(await deadLetters.drop(required(id)), (done) => `dropped ${lineOf(done)}`);
    default:
      throw new UsageError(
        command === undefined ? 'a command is missing' : `there is no command '${command}'`,
      );
  }
}

function required(id: string | undefined): string {
  if (id === undefined) throw new UsageError('the id of a dead letter is missing; `list` shows them');
  return id;
}

function limitFrom(text: string): number {
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError('--limit takes a whole number from 1');
  return limit;
}

function tableOf({ total, deadLetters }: DeadLetterList): string {
  if (total === 0) return 'no dead letters';
  const hidden = total - deadLetters.length;
  return [
    ...deadLetters.map(lineOf),
    `${total} in all${hidden > 0 ? `, ${hidden} not shown (--limit)` : ''}`,
  ].join('\n');
}

function lineOf({ id, reason, idempotencyKey, attempts, publishedAt, detail }: DeadLetter): string {
  const facts = [publishedAt ?? '(no timestamp)', `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`];
  return `${id}  ${reason.padEnd(28)}  ${JSON.stringify(idempotencyKey ?? null)}  ${facts.join('  ')}\n              ${detail}`;
}

function describe(content: DeadLetterContent): string {
  return `${lineOf(content)}\n\nheaders ${JSON.stringify(content.headers, undefined, 2)}\n\nbody    ${JSON.stringify(content.body)}`;
}

async function main(args: string[]): Promise<number> {
  // First, so that it helps whatever else is wrong.
  if (args.includes('--help')) {
    console.log(HELP);
    return 0;
  }
  const parsed = parse(args);
  await print(printableLines(await runConnected(parsed)));
  return 0;
}

async function runConnected(parsed: Arguments): Promise<string> {
  const connection = await connectToBroker(readEnvironment());
  // Only a replay asks Redis: the others need neither it nor the time to load its client.
  const store = parsed.positionals[0] === 'replay' ? await import('./open-attempts.js') : undefined;
  const attempts = store && new store.OpenAttempts();
  const deadLetters = new DeadLetters({
    openChannel: () => connection.createConfirmChannel(),
    attempts: attempts?.of ?? (() => Promise.resolve(0)),
  });
  try {
    const work = run(parsed, deadLetters);
    const what = () => `at the dead letters: ${deadLetters.progress}`;
    return await (parsed.values.json ? work : whileShowing(what, work));
  } finally {
    // It is done, or has failed with a reason of its own.
    await attempts?.close().catch(() => undefined);
    await new BrokerSteps(CLOSE_WITHIN_MS)
      .take('end the connection', () => connection.close())
      .catch(() => undefined);
  }
}

async function exitCode(): Promise<number> {
  try {
    return await main(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${HELP}`);
      return 2;
    }
    const reason = error instanceof Error ? error.message : String(error);
    console.error(isExpected(error) ? reason : `This could not be done: ${reason}`);
    return 1;
  }
}

function isExpected(error: unknown): boolean {
  return [UnknownDeadLetterError, DeadLettersBusyError, BrokerSilentError, InvalidEnvironmentError].some(
    (type) => error instanceof type,
  );
}

// A connection that does not close must not keep a finished command alive.
void exitCode().then((code) => process.exit(code));

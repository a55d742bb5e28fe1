import '../../messaging/header-tables';
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { print } from '../command-line/print';
import { argumentsFrom, UsageError } from '../command-line/usage.error';
import { whileShowing } from '../command-line/while-showing';
import { readEnvironment } from '../../config/config.module';
import { InvalidEnvironmentError } from '../../config/invalid-environment.error';
import { printableLines } from '../../text/printable';
import { connectToBroker } from '../../messaging/broker-connection';
import { BrokerTimeoutError, BrokerSteps } from './broker-steps';
import type { DeadLetter, DeadLetterContent } from './dead-letter';
import { DeadLetters, UnknownDeadLetterError, type DeadLetterList } from './dead-letters';
import { DeadLettersLockedError } from './reading';
import { messageOf } from '../../text/message-of';

const CLOSE_WITHIN_MS = 2_000;

const HELP = `npm run dead-letters -- <command>: look at, replay or drop payments and receipts that could not be processed

  list [--limit N]        the oldest N (default 100), oldest first, each with its reason
  show <id>               the complete message
  replay <id>             publishes it to its queue again, with its own key: never charged twice
  replay --all            the same for all dead letters that are in the queue now
      --force             also replays messages outside the deduplication window.
                          They may have been charged already: look at the gateway first
  drop <id>               removes it permanently

  --json                  prints one JSON document, for programs.
                          npm run --silent dead-letters -- list --json prints nothing else
  --help

It connects to RABBITMQ_URL, from the environment or .env. A replay also reads the number of attempts from Redis
(REDIS_URL), so that the message gets all its attempts again. Every command reads the whole queue.

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
      throw new UsageError(command === undefined ? 'a command is missing' : `unknown command '${command}'`);
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
    `${total} in total${hidden > 0 ? `, ${hidden} not shown (--limit)` : ''}`,
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
  // First, so that it works even when other arguments are wrong.
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
  // Only a replay needs Redis: the other commands do not load its client.
  const store = parsed.positionals[0] === 'replay' ? await import('./lazy-attempt-counts.js') : undefined;
  const attempts = store && new store.LazyAttemptCounts();
  const deadLetters = new DeadLetters({
    openChannel: () => connection.createConfirmChannel(),
    attempts: attempts?.of ?? (() => Promise.resolve(0)),
  });
  try {
    const work = run(parsed, deadLetters);
    const what = () => `reading dead letters: ${deadLetters.progress}`;
    return await (parsed.values.json ? work : whileShowing(what, work));
  } finally {
    // An error while closing must not replace the result or its error.
    await attempts?.close().catch(() => undefined);
    await new BrokerSteps(CLOSE_WITHIN_MS)
      .run('close the connection', () => connection.close())
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
    const reason = messageOf(error);
    console.error(isExpected(error) ? reason : `The command failed: ${reason}`);
    return 1;
  }
}

function isExpected(error: unknown): boolean {
  return [UnknownDeadLetterError, DeadLettersLockedError, BrokerTimeoutError, InvalidEnvironmentError].some(
    (type) => error instanceof type,
  );
}

// A connection that does not close must not keep a finished command alive.
void exitCode().then((code) => process.exit(code));

'use strict';

require('./node-version');
const { isDeepStrictEqual } = require('node:util');
const { EXIT, readArguments } = require('./command-line');
const { watchConsumer } = require('./demo/consumer');
const { publish, story } = require('./demo/publisher');
const { numberIn } = require('./json');
const { runCommand } = require('./run');
const { freePort, portNear } = require('./services/ports');
const {
  configuredPort,
  prepareSystem,
  sandboxVariables,
  serverVariables,
  settingsFile,
  startSandbox,
  startService,
} = require('./system');
const { bold, dim, green, print, red, step, whileShowing } = require('./terminal');

const help = `npm run demo: six messages in, three charges out

Installs and builds what is missing, starts private RabbitMQ and Redis servers, the gateway sandbox and the service,
publishes six messages of which three are duplicates, and counts the charges in the gateway's own journal.

  --json    for programs: prints { ok, published, charges, duplicates }; the text for people goes to standard error.
            npm run --silent demo -- --json prints nothing else
  --help

  PORT                      the service's HTTP port (default 3000; another one if it is in use)
  RABBITMQ_URL, REDIS_URL   use these servers instead of private ones

Exit code 0 only if there are exactly three charges, 1 otherwise, 2 for wrong usage.`;

const expected = { published: 6, charges: 3, duplicates: 3 };
/** @type {Partial<typeof expected>} */
let counted = {};

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function demo(directory) {
  const urls = await prepareSystem(directory);
  const sandbox = () => startSandbox({ directory, choosePort: freePort });
  const sandboxUrl = await step('gateway sandbox', sandbox, dim);
  const consumer = watchConsumer();
  const env = {
    ...plainEnvironment(),
    ...serverVariables(urls),
    ...sandboxVariables(sandboxUrl),
    LOG_LEVEL: 'info',
  };
  const choosePort = () => portNear(configuredPort());
  const start = () => startService({ directory, choosePort, env, output: consumer.read });
  const { url, program } = await step('service', start, (service) => dim(service.url));

  print(`\n${bold('Publisher')}  ${dim(`POST ${url}/payments`)}`);
  const published = await publish(url, story(), consumer.expect);
  print(`\n${bold('Consumer')}  ${dim('the service’s log')}`);
  const duplicates = await whileShowing(
    () => 'waiting for the consumer',
    () => consumer.outcomes({ count: published, isAlive: program.isRunning, log: program.log, show: print }),
  );
  print(`\n${bold('Gateway')}  ${dim(`GET ${sandboxUrl}/_sandbox/charges`)}`);
  counted = { published, charges: await countCharges(sandboxUrl), duplicates };
  return verdict();
}

/** This process's environment without settings of the service, so that the demo uses the values of `.env`. */
function plainEnvironment() {
  const settings = settingsFile();
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !(name in settings)));
}

/** @param {string} sandboxUrl */
async function countCharges(sandboxUrl) {
  const answer = await fetch(`${sandboxUrl}/_sandbox/charges`);
  return numberIn(await answer.text(), 'count');
}

function verdict() {
  const { published, charges, duplicates } = counted;
  const isRight = isDeepStrictEqual(counted, expected);
  const sum = `${published} messages, ${charges} charged, ${duplicates} duplicates`;
  print(`  ${bold(`${charges} charges, not ${published}`)}\n`);
  print(isRight ? `${green('✓')} ${sum}` : `${red('✗')} ${sum}; expected: 6, 3 and 3`);
  return isRight ? EXIT.done : EXIT.failed;
}

const { values } = readArguments({ help, options: { json: { type: 'boolean' } } });
void runCommand({
  kind: 'demo',
  title: 'Six messages in, three charges out',
  work: demo,
  ...(values.json && { document: () => counted }),
});

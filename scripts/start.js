'use strict';

require('./node-version');
const { EXIT, readArguments } = require('./command-line');
const { runCommand } = require('./run');
const { isPortFree, portNear } = require('./services/ports');
const {
  configuredPort,
  prepareSystem,
  sandboxVariables,
  serverVariables,
  startSandbox,
  startService,
  webhookVariables,
} = require('./system');
const { bold, cyan, dim, print, step } = require('./terminal');

const help = `npm start: runs the service with everything it needs, until Ctrl-C

Installs and builds what is missing, starts private RabbitMQ, Redis and PostgreSQL servers and the gateway sandbox, then
the service, and prints how to try it. The servers' data is deleted when it stops. Without PostgreSQL, the service
runs without a ledger.

  --help

  HOST              the address that the service's HTTP server listens on (default 127.0.0.1: only from this machine)
  PORT              the service's HTTP port (default 3000, or a free one if it is in use)
  RABBITMQ_URL      use this server instead of a private one
  REDIS_URL         use this server instead of a private one
  DATABASE_URL      keep the ledger in this PostgreSQL database instead of a private one
  STRIPE_API_BASE   use this gateway instead of the sandbox

All other variables are passed to the service; .env explains them.

Exit code 0 after Ctrl-C, 1 if something could not be started or the service ended unexpectedly, 2 for wrong usage.`;

const usualSandboxPort = 12_111;

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function start(directory) {
  // Checked before the servers are started, so that a port that is in use is reported at once.
  await servicePort();
  const urls = await prepareSystem(directory, { withLedger: true });
  // Not chosen again when the service starts, because the sandbox sends its webhooks there.
  const port = await servicePort();
  const gateway = await gatewayVariables(directory, port);
  print();
  const readApi = process.env.READ_API || String(urls.databaseUrl !== undefined);
  const env = { ...process.env, ...serverVariables(urls), ...gateway, READ_API: readApi };
  const { url, program } = await startService({
    directory,
    choosePort: async () => port,
    env,
    output: 'inherit',
  });
  printGuide({ url, urls, gateway: gateway.STRIPE_API_BASE ?? '' });
  const { code, signal } = await program.exited;
  throw new Error(`The service ended unexpectedly (${signal ?? `exit code ${code}`}).`);
}

async function servicePort() {
  const wanted = configuredPort();
  if (process.env.PORT && !(await isPortFree(wanted))) {
    throw new Error(
      `PORT ${wanted} is used by another program. Choose another one, or unset PORT to get a free one.`,
    );
  }
  return portNear(wanted);
}

/**
 * @param {string} directory
 * @param {number} port of the service
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function gatewayVariables(directory, port) {
  const { STRIPE_API_BASE: given } = process.env;
  if (given) return { STRIPE_API_BASE: given };
  const webhooks = webhookVariables(port);
  const env = { ...process.env, ...webhooks.sandbox };
  const work = () => startSandbox({ directory, choosePort: () => portNear(usualSandboxPort), env });
  return { ...sandboxVariables(await step('gateway sandbox', work, dim)), ...webhooks.service };
}

/** @param {{ url: string, urls: import('./system').SystemUrls, gateway: string }} addresses */
function printGuide({ url, urls, gateway }) {
  print(`
${bold('The service is ready.')} ${dim('Ctrl-C stops everything.')}

  console    ${cyan(url)}   ${dim('publish and watch in a browser')}
  service    ${cyan(`${url}/docs`)}   ${dim(`${url}/health/ready`)}
  RabbitMQ   ${cyan(managementPage(urls))}
  ledger     ${cyan(ledgerPlace(urls))}
  gateway    ${cyan(gateway)}

  Publish one payment three times; it is charged once:

    curl -X POST '${url}/payments?copies=3' -H 'Content-Type: application/json' -H 'Idempotency-Key: try-1' \\
      -d '{"paymentId":"PAY-001","amount":99.99,"customerId":"CUST-001"}'
    curl ${url}/payments/try-1
    curl ${gateway}/_sandbox/charges

  The tools, in another terminal:

    ${[...variablesForTools({ urls, gateway }), 'npm run dead-letters -- list', 'npm run reconcile'].join('\n    ')}
`);
}

/**
 * With the password only for a private server, where it is not a secret.
 * @param {import('./services').ServerUrls} urls
 */
function managementPage({ rabbitmqManagementUrl }) {
  return process.env.RABBITMQ_URL ? new URL(rabbitmqManagementUrl).origin : rabbitmqManagementUrl;
}

/**
 * A private server asks for no password.
 * @param {import('./system').SystemUrls} urls
 */
function ledgerPlace({ databaseUrl }) {
  if (databaseUrl === undefined) return 'none';
  return process.env.DATABASE_URL ? new URL(databaseUrl).host : databaseUrl;
}

/**
 * The URLs of private servers as a line for a shell; other URLs are already in the environment.
 * @param {{ urls: import('./system').SystemUrls, gateway: string }} addresses
 */
function variablesForTools({ urls, gateway }) {
  const settings = Object.entries({ ...serverVariables(urls), STRIPE_API_BASE: gateway })
    .filter(([name, value]) => value && !process.env[name])
    .map(([name, value]) => `${name}=${value}`);
  return settings.length > 0 ? [`export ${settings.join(' ')}`] : [];
}

readArguments({ help, options: {} });
void runCommand({ kind: 'start', title: 'Payment service', work: start, interruptedCode: EXIT.done });

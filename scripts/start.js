'use strict';

require('./node-version');
const { runCommand } = require('./run');
const { isPortFree } = require('./services/ports');
const {
  configuredPort,
  portNear,
  prepareSystem,
  sandboxVariables,
  serverVariables,
  startSandbox,
  startService,
} = require('./system');
const { bold, cyan, dim, print, step } = require('./terminal');

const help = `npm start: everything the service needs, and the service, until Ctrl-C

Installs and builds what is missing, starts private RabbitMQ and Redis servers and the gateway sandbox, then the
service. Their data is gone when it stops.

  PORT              the service's HTTP port (default 3000, or a free one when that is taken)
  RABBITMQ_URL      use this server instead of a private one
  REDIS_URL         use this server instead of a private one
  STRIPE_API_BASE   use this gateway instead of the sandbox
`;

const usualSandboxPort = 12_111;

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function start(directory) {
  const port = await servicePort();
  const urls = await prepareSystem(directory);
  const gateway = await gatewayVariables(directory);
  print();
  const env = { ...process.env, ...serverVariables(urls), ...gateway };
  const { url, program } = await startService({ directory, port, env, output: 'inherit' });
  printGuide({ url, rabbitmq: urls.rabbitmqManagementUrl, gateway: gateway.STRIPE_API_BASE ?? '' });
  const { code, signal } = await program.exited;
  throw new Error(`The service ended by itself (${signal ?? `exit code ${code}`}).`);
}

async function servicePort() {
  const wanted = configuredPort();
  if (process.env.PORT && !(await isPortFree(wanted))) {
    throw new Error(
      `PORT ${wanted} is taken by another program. Choose another one, or unset PORT to get a free one.`,
    );
  }
  return portNear(wanted);
}

/**
 * @param {string} directory
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function gatewayVariables(directory) {
  const { STRIPE_API_BASE: given } = process.env;
  if (given) return { STRIPE_API_BASE: given };
  const port = await portNear(usualSandboxPort);
  const work = () => startSandbox({ directory, port });
  return sandboxVariables(await step('gateway sandbox', work, dim));
}

/** @param {{ url: string, rabbitmq: string, gateway: string }} addresses */
function printGuide({ url, rabbitmq, gateway }) {
  print(`
${bold('The service is ready.')} ${dim('Ctrl-C stops everything.')}

  console    ${cyan(url)}   ${dim('publish and watch in a browser')}
  service    ${cyan(`${url}/docs`)}   ${dim(`${url}/health/ready`)}
  RabbitMQ   ${cyan(rabbitmq)}
  gateway    ${cyan(gateway)}

  Publish one payment three times; it is charged once:

    curl -X POST '${url}/payments?copies=3' -H 'Content-Type: application/json' -H 'Idempotency-Key: try-1' \\
      -d '{"paymentId":"PAY-001","amount":99.99,"customerId":"CUST-001"}'
    curl ${url}/payments/try-1
    curl ${gateway}/_sandbox/charges
`);
}

if (process.argv.includes('--help')) print(help);
else void runCommand({ kind: 'start', title: 'Payment service', work: start, interruptedCode: 0 });

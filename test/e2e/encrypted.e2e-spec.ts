import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRabbitmq } from '../../scripts/services/rabbitmq';
import { freePorts } from '../../scripts/services/ports';
import { makeCertificate } from '../support/certificate';
import type { Certificate } from '../support/certificate';
import { eventually } from '../support/eventually';
import { runFolder } from '../support/isolation';
import { Management } from '../support/management';
import { aPayment, gatewayKey } from '../support/payments';
import { startRedisProcess } from '../support/redis-process';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';
import { startService } from '../support/service';
import type { Service, ServiceOptions } from '../support/service';

const PASSWORD = 'p@ss/w:rd#1';
const VHOST = 'encrypted';

const cleanUps: (() => Promise<unknown>)[] = [];
let certificate: Certificate;
let sandbox: Sandbox;
let urls: { rabbitmqUrl: string; redisUrl: string };

async function startBroker(port: number): Promise<string> {
  const directory = join(runFolder(), 'rabbitmq-tls');
  mkdirSync(join(directory, 'conf.d'), { recursive: true });
  const { certificateFile, keyFile } = certificate;
  const settings = [
    `listeners.ssl.1 = 127.0.0.1:${port}`,
    `ssl_options.cacertfile = ${certificateFile}`,
    `ssl_options.certfile = ${certificateFile}`,
    `ssl_options.keyfile = ${keyFile}`,
    'ssl_options.verify = verify_none',
  ];
  writeFileSync(join(directory, 'conf.d', '90-tls.conf'), `${settings.join('\n')}\n`);
  const broker = await startRabbitmq({ directory });
  cleanUps.push(() => broker.stop());
  const management = new Management(broker.managementUrl);
  await management.createVhost(VHOST);
  const permissions = { configure: '.*', write: '.*', read: '.*' };
  await management.createUser('payments', { password: PASSWORD, vhost: VHOST, permissions });
  return `amqps://payments:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${VHOST}`;
}

async function startRedis(port: number, plainPort: number): Promise<string> {
  const { certificateFile, keyFile } = certificate;
  const tls = `--tls-port ${port} --tls-cert-file ${certificateFile} --tls-key-file ${keyFile} --tls-ca-cert-file ${certificateFile}`;
  const settings = `${tls} --tls-auth-clients no --maxmemory-policy noeviction --appendonly yes`;
  const redis = await startRedisProcess(plainPort, [...settings.split(' '), '--requirepass', PASSWORD]);
  cleanUps.push(() => redis.stop());
  return `rediss://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
}

async function start(options: Partial<ServiceOptions> = {}): Promise<Service> {
  const service = await startService({ ...urls, gatewayUrl: sandbox.url, ...options });
  cleanUps.push(() => service.terminate());
  return service;
}

beforeAll(async () => {
  certificate = makeCertificate(join(runFolder(), 'certificate'));
  const [brokerPort = 0, redisPort = 0, plainPort = 0] = await freePorts(3);
  sandbox = await startSandbox();
  cleanUps.push(() => sandbox.stop());
  urls = { rabbitmqUrl: await startBroker(brokerPort), redisUrl: await startRedis(redisPort, plainPort) };
}, 120_000);
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}, 120_000);

describe('encrypted connections with passwords, in production', () => {
  it('work with a certificate authority from NODE_EXTRA_CA_CERTS: a payment is charged once', async () => {
    const service = await start({
      env: {
        NODE_ENV: 'production',
        DEV_ENDPOINTS: 'true',
        NODE_EXTRA_CA_CERTS: certificate.certificateFile,
      },
    });
    const payment = aPayment();
    expect(await service.postPayment(payment, { copies: 3 })).toMatchObject({ status: 202 });
    await service.completedPayment(payment.idempotencyKey);
    expect(await sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(service.output).not.toContain(encodeURIComponent(PASSWORD));
  });

  it.each([
    { what: 'RabbitMQ', logger: { context: 'AmqpConnection' } },
    { what: 'Redis', logger: { context: 'Redis' } },
  ])('fail for $what with an unknown certificate authority, and the log says why', async ({ logger }) => {
    const service = await start({ waitFor: 'live' });
    await eventually(() => {
      const lines = service.logged(logger).map((line) => JSON.stringify(line));
      expect(lines.filter((line) => line.includes('self-signed certificate'))).not.toHaveLength(0);
    });
    expect(await service.answers('/health/ready', 503)).toBe(true);
    expect(service.output).not.toContain(encodeURIComponent(PASSWORD));
  });
});

import { freePort, onFreePorts } from '../../scripts/services/ports';
import { NodeProcess } from './child-process';
import { eventually } from './eventually';
import type { JsonObject } from './json';
import type { Payment } from './payments';

export interface ServiceOptions {
  rabbitmqUrl: string;
  redisUrl: string;
  gatewayUrl: string;
  /** Additional variables, or other values for the usual ones. */
  env?: Record<string, string>;
  /** What to wait for: the readiness probe (default), the liveness probe or nothing. */
  waitFor?: 'ready' | 'live' | 'none';
  name?: string;
  /** The folder of the build to start; default `dist`. */
  build?: string;
  /** Arguments for Node.js itself. */
  nodeArgs?: string[];
  /** A free one by default. */
  port?: number;
}

export interface Answer {
  status: number;
  body: unknown;
}

const startWithinMs = 30_000;

/** Starts the built service as a process of its own, and resolves when it is ready to work. */
export function startService(options: ServiceOptions): Promise<Service> {
  return onFreePorts(
    async () => [options.port ?? (await freePort())],
    ([port = 0]) => startOn(port, options),
  );
}

async function startOn(port: number, options: ServiceOptions): Promise<Service> {
  const service = new Service(
    port,
    {
      NODE_ENV: 'development',
      PORT: String(port),
      RABBITMQ_URL: options.rabbitmqUrl,
      REDIS_URL: options.redisUrl,
      STRIPE_API_BASE: options.gatewayUrl,
      STRIPE_API_KEY: 'sk_test_e2e',
      LOG_LEVEL: 'debug',
      ...options.env,
    },
    options,
  );
  const { waitFor = 'ready' } = options;
  if (waitFor !== 'none') await service.untilHealthy(waitFor);
  return service;
}

/** The service as a process with an HTTP port, a log and signals. */
export class Service extends NodeProcess {
  readonly url: string;

  constructor(
    readonly port: number,
    env: Record<string, string>,
    { name = 'service', build = 'dist', nodeArgs = [] }: Partial<ServiceOptions> = {},
  ) {
    super(`${build}/main.js`, { name, env, nodeArgs });
    this.url = `http://127.0.0.1:${port}`;
  }

  async get(path: string): Promise<Answer> {
    return answer(await fetch(`${this.url}${path}`));
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return answer(response);
  }

  /** `POST /payments`, with the payment's key, if any, in the header. */
  async postPayment(payment: Partial<Payment>, { copies }: { copies?: number } = {}): Promise<Answer> {
    const { idempotencyKey, ...body } = payment;
    const headers: Record<string, string> =
      idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    return this.post(`/payments${copies === undefined ? '' : `?copies=${copies}`}`, body, headers);
  }

  /** `GET /payments/:idempotencyKey` */
  async payment(key: string): Promise<Answer> {
    return this.get(`/payments/${encodeURIComponent(key)}`);
  }

  /**
   * Waits until the payment is completed, and returns its public view. The default time-out is long, because after a few
   * failed attempts the delay before the next one can be many seconds.
   */
  async completedPayment(key: string, withinMs = 45_000): Promise<Answer> {
    return eventually(
      async () => {
        const found = await this.payment(key);
        expect(found).toMatchObject({ status: 200, body: { state: 'completed' } });
        return found;
      },
      { withinMs },
    );
  }

  /** Waits for the probe's 200; throws an error with the process's output if it exits before. */
  async untilHealthy(probe: 'ready' | 'live', withinMs = startWithinMs): Promise<void> {
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(
        `the service ended (code ${code}, signal ${signal}) before it was ${probe}:\n${this.tail()}`,
      );
    });
    ended.catch(() => undefined);
    await Promise.race([ended, eventually(() => this.answers(`/health/${probe}`, 200), { withinMs })]).catch(
      async (error: unknown) => {
        await this.kill();
        throw new Error(`the service was not ${probe} in time:\n${this.tail()}`, { cause: error });
      },
    );
  }

  /** Whether the path answers with that status; false for a refused connection. */
  async answers(path: string, status: number): Promise<boolean> {
    return this.get(path).then(
      (found) => found.status === status,
      () => false,
    );
  }

  /** The log lines with all the given fields and values. */
  logged(fields: JsonObject): JsonObject[] {
    return this.logs.filter((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
  }

  private tail(): string {
    return this.output.split('\n').slice(-30).join('\n');
  }
}

async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, body: asJson(text) };
}

function asJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

import { NodeProcess } from './child-process';
import { eventually } from './eventually';
import { isJsonObject } from './json';
import type { JsonObject } from './json';

export interface SandboxOptions {
  /** File for the journal; without it the journal is lost when the process ends. */
  journal?: string;
  /** Added to every charge and look-up. */
  latencyMs?: number;
  /** From the beginning to the end of a payment that is `processing` at first; default 5 s. */
  settleAfterMs?: number;
  /** Where it sends events, signed with `webhookSecret`. */
  webhookUrl?: string;
  webhookSecret?: string;
}

/** The body of the sandbox's `POST /_sandbox/faults`; `src/dev/sandbox/faults.ts` explains each field. */
export type FaultRequest = FaultDetails & {
  /** Default 1; 0: until `clearFaults()`. */
  times?: number;
  probability?: number;
  seed?: number;
  matching?: {
    request?: 'create' | 'read' | 'any' | 'webhook';
    idempotencyKey?: string;
    paymentId?: string;
    paymentMethod?: string;
    /** Only for webhooks: `payment_intent.succeeded`. */
    eventType?: string;
  };
};

type FaultDetails =
  | { kind: 'delay'; delayMs: number; when?: 'before' | 'after' }
  | { kind: 'error-500'; status?: number; charged?: boolean }
  | { kind: 'error-500-unstored'; status?: number }
  | { kind: 'rate-limit'; retryAfterSeconds?: number }
  | { kind: 'settle-after' | 'webhook-late'; delayMs: number }
  | {
      kind:
        | 'drop-before'
        | 'drop-after'
        | 'conflict'
        | 'unauthorized'
        | 'forbidden'
        | 'decline'
        | 'ignore-keys'
        | 'forget-keys'
        | 'webhook-lost'
        | 'webhook-twice';
    };

/** An event, from `GET /_sandbox/webhooks`. */
export interface SentWebhook extends JsonObject {
  id: string;
  type: string;
  /** The payment's key. */
  key: string | null;
  attempts: number;
  lastStatus: number | null;
  delivered: boolean;
}

/** One line of the gateway's journal. */
export interface JournalLine extends JsonObject {
  at: string;
  type: string;
  idempotencyKey: string | null;
  paymentIntentId: string | null;
  amount: number | null;
  currency: string | null;
  metadata: JsonObject;
}

/** Starts the built gateway sandbox on a free port, and resolves when it answers. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = new Sandbox(options);
  await sandbox.untilListening();
  return sandbox;
}

/** The gateway sandbox, with access to its journal and its faults. */
export class Sandbox {
  private readonly process: NodeProcess;

  constructor(options: SandboxOptions) {
    this.process = new NodeProcess('dist/sandbox/main.js', { name: 'sandbox', env: environmentOf(options) });
  }

  /** The value for `STRIPE_API_BASE`. */
  get url(): string {
    const url = /^sandbox gateway listening on (\S+)$/m.exec(this.process.output)?.[1];
    if (url === undefined) throw new Error(`the sandbox is not listening:\n${this.process.output}`);
    return url;
  }

  /** The charges under one gateway key (`payment:<key>`), from the gateway's journal. */
  async chargesFor(key: string): Promise<JournalLine[]> {
    return this.lines(`/_sandbox/charges?key=${encodeURIComponent(key)}`, 'charges');
  }

  /** All charges. */
  async charges(): Promise<JournalLine[]> {
    return this.lines('/_sandbox/charges', 'charges');
  }

  /** All entries, or all entries of one gateway key. */
  async journal(key?: string): Promise<JournalLine[]> {
    const query = key === undefined ? '' : `?key=${encodeURIComponent(key)}`;
    return this.lines(`/_sandbox/journal${query}`, 'entries');
  }

  /** Adds a fault. `times` counts the requests that match. */
  async fault(fault: FaultRequest): Promise<void> {
    await this.call('POST', '/_sandbox/faults', fault);
  }

  async clearFaults(): Promise<void> {
    await this.call('DELETE', '/_sandbox/faults');
  }

  /** Ends the payment that waits under this key of a message, as its payment method does or as told; returns its status. */
  async settle(key: string, outcome?: 'succeeded' | 'failed' | 'canceled'): Promise<string> {
    const answer = await this.call('POST', '/_sandbox/settle', { key, outcome });
    if (isJsonObject(answer) && typeof answer.status === 'string') return answer.status;
    throw new Error(`the sandbox did not answer with a status: ${JSON.stringify(answer)}`);
  }

  /** The latest events, oldest first. */
  async webhooks(): Promise<SentWebhook[]> {
    const body = await this.call('GET', '/_sandbox/webhooks');
    const sent = isJsonObject(body) ? body.webhooks : undefined;
    if (Array.isArray(sent) && sent.every(isSentWebhook)) return sent;
    throw new Error(`the sandbox did not answer with webhooks: ${JSON.stringify(body)}`);
  }

  /** Sends one of the latest events again. */
  async resendWebhook(id: string): Promise<void> {
    await this.call('POST', '/_sandbox/webhooks/resend', { id });
  }

  /** Stops it with SIGTERM; resolves when the process has exited with code 0. */
  async stop(): Promise<void> {
    const exit = await this.process.terminate();
    if (exit.code !== 0)
      throw new Error(`the sandbox ended with ${JSON.stringify(exit)}:\n${this.process.output}`);
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    await this.process.kill();
  }

  async untilListening(): Promise<void> {
    const ended = this.process.exited.then(() => {
      throw new Error(`the sandbox ended before it was listening:\n${this.process.output}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ended, eventually(() => this.url)]);
  }

  private async lines(path: string, field: string): Promise<JournalLine[]> {
    const body = await this.call('GET', path);
    const lines = isJsonObject(body) ? body[field] : undefined;
    if (Array.isArray(lines) && lines.every(isJournalLine)) return lines;
    throw new Error(`${path} did not answer with journal lines: ${JSON.stringify(body)}`);
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    const answer: unknown = JSON.parse(text);
    return answer;
  }
}

function environmentOf(options: SandboxOptions): Record<string, string> {
  const variables = {
    SANDBOX_PORT: 0,
    SANDBOX_JOURNAL: options.journal,
    SANDBOX_LATENCY_MS: options.latencyMs,
    SANDBOX_SETTLE_AFTER_MS: options.settleAfterMs,
    SANDBOX_WEBHOOK_URL: options.webhookUrl,
    SANDBOX_WEBHOOK_SECRET: options.webhookSecret,
  };
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

function isSentWebhook(value: unknown): value is SentWebhook {
  return isJsonObject(value) && typeof value.id === 'string' && typeof value.type === 'string';
}

function isJournalLine(value: unknown): value is JournalLine {
  return isJsonObject(value) && typeof value.type === 'string' && isJsonObject(value.metadata);
}

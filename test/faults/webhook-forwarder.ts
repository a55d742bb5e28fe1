import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** Shorter than the gateway waits: a consumer that is frozen may get the event, and so may the next one. */
const answerWithinMs = 3_000;
const serviceUnavailable = 503;

/** The address to which the gateway sends its events: like a load balancer, it passes each to a consumer in turn. */
export class WebhookForwarder {
  private readonly consumers = new Map<string, string>();
  private readonly server = createServer((request, response) => {
    this.pass(request).then(
      (status) => response.writeHead(status).end(),
      () => response.destroy(),
    );
  });
  private turn = 0;

  static async open(): Promise<WebhookForwarder> {
    const forwarder = new WebhookForwarder();
    await new Promise<void>((listening) => forwarder.server.listen(0, '127.0.0.1', listening));
    return forwarder;
  }

  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the forwarder is closed');
    return `http://127.0.0.1:${address.port}/webhooks/stripe`;
  }

  /** From now on the consumer of this name listens there. */
  passTo(name: string, url: string): void {
    this.consumers.set(name, url);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** The answer of the first consumer that gives one. */
  private async pass(request: IncomingMessage): Promise<number> {
    const body = await buffer(request);
    const signature = String(request.headers['stripe-signature']);
    const urls = [...this.consumers.values()];
    const next = this.turn++ % Math.max(1, urls.length);
    for (const url of [...urls.slice(next), ...urls.slice(0, next)]) {
      const status = await post(`${url}/webhooks/stripe`, body, signature);
      if (status !== undefined) return status;
    }
    return serviceUnavailable;
  }
}

/** Undefined without an answer. */
async function post(url: string, body: Buffer, signature: string): Promise<number | undefined> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(answerWithinMs),
    });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return undefined;
  }
}

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import Stripe from 'stripe';

export interface ReceivedWebhook {
  /** Verified with the receiver's secret, as a service does. */
  event: Stripe.Event;
  paymentIntent: Stripe.PaymentIntent;
}

type Answer = number | 'none' | 'close';

/** Receives the sandbox's webhooks, and verifies each with the official package. */
export class WebhookReceiver {
  readonly secret = 'whsec_receiver';
  readonly received: ReceivedWebhook[] = [];
  /** What was sent with a wrong signature or is not about a payment. */
  readonly invalid: unknown[] = [];
  private readonly answers: Answer[] = [];
  private readonly server: Server = createServer((request, response) => {
    void this.take(request).then(() => {
      const answer = this.answers.shift() ?? 200;
      if (answer === 'close') request.socket.destroy();
      else if (answer !== 'none') response.writeHead(answer).end();
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the receiver has no port');
    return `http://127.0.0.1:${address.port}/webhooks/stripe`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** The answers to the next events: a status, none at all, or a closed connection; all others get 200. */
  answerNext(...answers: Answer[]): void {
    this.answers.push(...answers);
  }

  /** The types of the events about this payment, in the order in which they arrived. */
  typesFor(paymentIntentId: string): string[] {
    return this.of(paymentIntentId).map(({ event }) => event.type);
  }

  of(paymentIntentId: string): ReceivedWebhook[] {
    return this.received.filter(({ paymentIntent }) => paymentIntent.id === paymentIntentId);
  }

  private async take(request: IncomingMessage): Promise<void> {
    const body = await text(request);
    try {
      const event = Stripe.webhooks.constructEvent(
        body,
        request.headers['stripe-signature'] ?? '',
        this.secret,
      );
      const { object } = event.data;
      if (!('object' in object) || object.object !== 'payment_intent') this.invalid.push(event);
      else this.received.push({ event, paymentIntent: object });
    } catch (error) {
      this.invalid.push(error);
    }
  }
}

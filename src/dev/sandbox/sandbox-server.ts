import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { SLOW_REQUEST_LIMITS } from '../../http/slow-requests';
import { ControlApi } from './control-api';
import { FaultInjection } from './fault-injection';
import { Faults } from './faults';
import { MAX_BODY_BYTES, json, readRequest, sendReply } from './http';
import type { HttpRequest, Reply } from './http';
import { openJournal } from './journal';
import { Ledger } from './ledger';
import { PaymentStates } from './payment-states';
import type { SandboxSettings } from './settings';
import { StripeApi } from './stripe-api';
import { invalidRequest, stripeError, unknownRoute } from './stripe-errors';
import { Webhooks } from './webhooks';

export interface RunningSandbox {
  url: string;
  /** Resolves when the requests in flight are answered, or cut off after a short time. */
  stop(): Promise<void>;
}

// Longer than any client keeps an idle connection, so that the client closes it: to a client, a server that closes first
// looks like a lost answer.
const keepAliveMs = 120_000;
const stopGraceMs = 2_000;

type Handler = (request: HttpRequest) => Reply | Promise<Reply>;

export async function startSandbox(settings: SandboxSettings): Promise<RunningSandbox> {
  const journal = await openJournal(settings.journalFile);
  const ledger = new Ledger(journal);
  const injection = new FaultInjection(new Faults(), ledger);
  const webhooks = new Webhooks(settings.webhook, injection);
  const states = new PaymentStates(ledger, webhooks);
  const handler = route({ ledger, states, injection, webhooks }, settings);
  const server = createServer(
    SLOW_REQUEST_LIMITS,
    (request, response) => void answer(handler, request, response),
  );
  server.keepAliveTimeout = keepAliveMs;
  await listen(server, settings);
  states.resume();
  return {
    url: urlOf(server),
    stop: async () => {
      await closeServer(server);
      states.stop();
      webhooks.stop();
      await journal.close();
    },
  };
}

interface Parts {
  ledger: Ledger;
  states: PaymentStates;
  injection: FaultInjection;
  webhooks: Webhooks;
}

function route(parts: Parts, settings: SandboxSettings): Handler {
  const stripe = new StripeApi({ ...parts, times: settings });
  const control = new ControlApi({ ...parts, faults: parts.injection.faults, host: settings.host });
  return (request) => {
    if (request.path.startsWith('/v1/')) return stripe.handle(request);
    if (request.path.startsWith('/_sandbox/')) return control.handle(request);
    if (request.path === '/health') return json(200, { status: 'ok' });
    return unknownRoute(request.method, request.path);
  };
}

async function answer(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Request-Id', `req_${randomBytes(7).toString('hex')}`);
  try {
    for (const name of ['Idempotency-Key', 'Stripe-Version']) {
      const value = message.headers[name.toLowerCase()];
      if (value !== undefined) response.setHeader(name, value);
    }
    const request = await readRequest(message);
    sendReply(response, request === 'too-large' ? tooLarge() : await handler(request));
  } catch (error) {
    // A client that disconnected in the middle of its request is not an error of the sandbox.
    if (message.destroyed && !message.complete) return;
    process.stderr.write(`${message.method} ${message.url} failed: ${String(error)}\n`);
    sendReply(
      response,
      stripeError(500, { type: 'api_error', message: 'The sandbox itself failed; see its log.' }),
    );
  }
}

function tooLarge(): Reply {
  return invalidRequest({ status: 413, message: `A body has at most ${MAX_BODY_BYTES} bytes.` });
}

async function listen(server: Server, { port, host }: SandboxSettings): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening').catch((error: unknown) => {
    const advice = 'Set SANDBOX_HOST and SANDBOX_PORT to an address that is free (port 0 takes any free one)';
    throw new Error(`The sandbox cannot listen: ${String(error)}. ${advice}.`, { cause: error });
  });
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The sandbox listens on no TCP port.');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const cutOff = setTimeout(() => server.closeAllConnections(), stopGraceMs);
  await closed;
  clearTimeout(cutOff);
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the server does with one request. `drop`: it closes the connection. `ignore`: it never answers. */
export type Step = 'drop' | 'ignore' | { status: number; headers?: Record<string, string>; body?: string };

/** An HTTP server that does one step of its script with each request, and the last one with all that follow. */
export class ScriptedServer {
  readonly requests: ReceivedRequest[] = [];
  /** Called with each request, before its step. */
  onRequest: () => void = () => undefined;
  private steps: Step[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const { method = '', url: path = '', headers } = request;
      void text(request).then((body) => {
        this.requests.push({ method, path, headers, body });
        this.onRequest();
        this.take(this.steps.length > 1 ? this.steps.shift() : this.steps[0], response);
      });
    });
  }

  static async listen(): Promise<ScriptedServer> {
    const scripted = new ScriptedServer();
    scripted.server.listen(0, '127.0.0.1');
    await once(scripted.server, 'listening');
    return scripted;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The keys of all requests so far. */
  get keys(): unknown[] {
    return this.requests.map(({ headers }) => headers['idempotency-key']);
  }

  will(...steps: Step[]): void {
    this.steps = steps;
    this.requests.length = 0;
    this.onRequest = () => undefined;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private take(step: Step | undefined, response: ServerResponse): void {
    if (step === 'ignore') return;
    if (step === 'drop' || step === undefined) return void response.socket?.destroy();
    response.writeHead(step.status, step.headers).end(step.body ?? '');
  }
}

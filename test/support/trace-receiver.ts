import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isJsonObject, type JsonObject } from './json';

export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startedAt: bigint;
  readonly linkedTraceIds: readonly string[];
  readonly text: string;
}

/** Receives spans like an OpenTelemetry collector: OTLP as JSON over HTTP. */
export class TraceReceiver {
  readonly spans: ReceivedSpan[] = [];
  private readonly server: Server = createServer((request, response) => {
    void this.take(request).then(() => response.setHeader('content-type', 'application/json').end('{}'));
  });

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the receiver has no port');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** One trace as text: each span below its parent, in order of their start. */
  tree(traceId: string): string {
    const spans = this.spans
      .filter((span) => span.traceId === traceId)
      .sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    const lines = (parentSpanId: string, depth: number): string[] =>
      spans
        .filter((span) => span.parentSpanId === parentSpanId)
        .flatMap((span) => [
          `${'  '.repeat(depth)}${span.service}: ${span.name}`,
          ...lines(span.spanId, depth + 1),
        ]);
    return lines('', 0).join('\n');
  }

  private async take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    for (const resource of list(body, 'resourceSpans')) {
      const service = attribute(list(resource.resource, 'attributes'), 'service.name');
      for (const scope of list(resource, 'scopeSpans'))
        this.spans.push(...list(scope, 'spans').map((span) => received(service, span)));
    }
  }
}

function received(service: string, span: JsonObject): ReceivedSpan {
  return {
    service,
    name: String(span.name),
    traceId: String(span.traceId),
    spanId: String(span.spanId),
    parentSpanId: typeof span.parentSpanId === 'string' ? span.parentSpanId : '',
    startedAt: BigInt(String(span.startTimeUnixNano)),
    linkedTraceIds: list(span, 'links').map(({ traceId }) => String(traceId)),
    text: JSON.stringify(span),
  };
}

function attribute(attributes: JsonObject[], name: string): string {
  const value = attributes.find(({ key }) => key === name)?.value;
  return isJsonObject(value) ? String(value.stringValue) : '';
}

function list(container: unknown, name: string): JsonObject[] {
  const found = isJsonObject(container) ? container[name] : undefined;
  return Array.isArray(found) ? found.filter(isJsonObject) : [];
}

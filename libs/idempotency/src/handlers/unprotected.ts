import type { CheckedHandler } from './handler-kind';

const RUN = 'call IdempotencyService.run() in it instead';

/** What is known of handlers that `@Idempotent()` cannot protect, by the metadata that their own decorators leave. */
const KNOWN: readonly { readonly metadata: string; readonly is: string; readonly wayOut: string }[] = [
  toRegister('RABBIT_HANDLER', '@golevelup/nestjs-rabbitmq', 'rabbitmq'),
  toRegister('microservices:pattern', '@nestjs/microservices', 'microservices'),
  toRegister('graphql:resolver_type', '@nestjs/graphql', 'graphql'),
  toRegister('graphql:resolve_property', '@nestjs/graphql', 'graphql'),
  { metadata: 'websockets:message_mapping', is: 'a handler of WebSocket messages', wayOut: RUN },
  ...['SCHEDULE_CRON_OPTIONS', 'SCHEDULE_INTERVAL_OPTIONS', 'SCHEDULE_TIMEOUT_OPTIONS'].map((metadata) => ({
    metadata,
    is: 'a handler of @nestjs/schedule, which calls it without interceptors',
    wayOut: RUN,
  })),
  {
    metadata: 'EVENT_LISTENER_METADATA',
    is: 'an event listener, which is called without interceptors',
    wayOut: RUN,
  },
];

function toRegister(metadata: string, decorator: string, kind: string) {
  return {
    metadata,
    is: `a handler of ${decorator}`,
    wayOut:
      `register this kind with IdempotencyModule.forRoot({ ..., handlers: [${kind}()] }), ` +
      `import { ${kind} } from 'nestjs-idempotent/${kind}'`,
  };
}

/** The error for a decorated method that no interceptor would protect. */
export function unprotected({ name, method }: CheckedHandler): Error {
  const keys: unknown[] = Reflect.getMetadataKeys(method);
  const names = keys.map((key) => (typeof key === 'symbol' ? key.description : key));
  const { is, wayOut } = KNOWN.find(({ metadata }) => names.includes(metadata)) ?? {
    is: 'not a handler that NestJS calls through interceptors',
    wayOut: RUN,
  };
  return new Error(`@Idempotent() on ${name}: it is ${is}; ${wayOut}`);
}

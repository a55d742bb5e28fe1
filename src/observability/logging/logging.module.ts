import { Module, RequestMethod } from '@nestjs/common';
import { LoggerModule, type Params } from 'nestjs-pino';
import { stdTimeFunctions } from 'pino';
import type { Options } from 'pino-http';
import pretty from 'pino-pretty';
import { Environment } from '../../config/environment';
import { currentTraceId } from '../tracing/spans';
import { lineFinisher } from './log-line';
import { redactor } from './log-redaction';
import { ServiceLogger } from './service.logger';

/**
 * Logs through pino. Inject `PinoLogger` (or use Nest's `Logger`) and log objects, so that their fields can be searched:
 * `logger.info({ paymentId, idempotencyKey, attempt }, 'Processing payment')`.
 */
@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [Environment],
      useFactory: (environment: Environment): Params => ({
        pinoHttp: isForPeople(environment)
          ? [loggerOptions(environment), readableLines()]
          : loggerOptions(environment),
        forRoutes: [{ path: '{*path}', method: RequestMethod.ALL }],
        // They are not logged, and nestjs-pino's AsyncLocalStorage would make a process under Node.js 20 slower from then on.
        exclude: ['/health/*path', '/metrics'],
      }),
    }),
  ],
  providers: [ServiceLogger],
})
export class LoggingModule {}

/** The fields of a log line, with its trace, and which HTTP requests are logged. */
export function loggerOptions({ logLevel, stripeApiKey, stripeWebhookSecrets }: Environment): Options {
  return {
    level: logLevel,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: traceFacts,
    hooks: { streamWrite: lineFinisher(redactor([stripeApiKey, ...stripeWebhookSecrets])) },
    quietReqLogger: true,
    // Probes and scrapers ask every few seconds; readiness logs its own changes.
    autoLogging: { ignore: ({ url }) => url !== undefined && /^\/(health|metrics)\b/.test(url) },
    customLogLevel: (_request, { statusCode }, error) => (error || statusCode >= 500 ? 'error' : 'debug'),
    // No headers and no bodies: they contain keys and personal data.
    serializers: {
      req: ({ id, method, url }: { id: unknown; method: unknown; url: unknown }) => ({ id, method, url }),
      res: ({ statusCode }: { statusCode: unknown }) => ({ statusCode }),
    },
  };
}

function traceFacts(): { traceId?: string } {
  const traceId = currentTraceId();
  return traceId === undefined ? {} : { traceId };
}

function isForPeople({ nodeEnv }: Environment): boolean {
  return nodeEnv !== 'production' && process.stdout.isTTY;
}

function readableLines() {
  // The text already has the `facts`.
  return pretty({
    singleLine: true,
    ignore: 'pid,hostname,facts',
    translateTime: 'SYS:HH:MM:ss.l',
    // The field `error` of readiness is not an Error; as one it would take ten lines.
    errorLikeObjectKeys: ['err'],
  });
}

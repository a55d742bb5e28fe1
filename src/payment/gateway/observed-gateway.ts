import { SpanKind, trace } from '@opentelemetry/api';
import { Histogram, type Registry } from 'prom-client';
import { inChildSpan } from '../../observability/tracing/spans';
import {
  GatewayError,
  type Charge,
  type ChargeReport,
  type ChargeResult,
  type FoundCharge,
  type GatewayProbe,
  type PaymentGateway,
} from './payment-gateway';

/** A gateway asks a bank: usually tenths of a second, and at most the time-out of a call. */
const SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

/** Measures and traces the calls to a gateway, by result. */
export class ObservedGateway implements PaymentGateway {
  private readonly duration: Histogram<'call' | 'result'>;

  constructor(
    private readonly gateway: PaymentGateway,
    registry: Registry,
  ) {
    this.duration = new Histogram({
      name: 'payments_gateway_call_duration_seconds',
      help: 'Duration of calls to the payment gateway, by result: the decision, or why there was none.',
      labelNames: ['call', 'result'],
      buckets: SECONDS,
      registers: [registry],
    });
    for (const result of ['succeeded', 'declined', 'processing', 'unavailable', 'unauthorized', 'forbidden'])
      this.duration.zero({ call: 'charge', result });
  }

  charge(charge: Charge): Promise<ChargeResult> {
    return this.observe('charge', () => this.gateway.charge(charge), kindOf);
  }

  find(charge: Charge): Promise<FoundCharge> {
    return this.observe('find', () => this.gateway.find(charge), kindOf);
  }

  look(chargeId: string): Promise<ChargeReport> {
    return this.observe(
      'look',
      () => this.gateway.look(chargeId),
      ({ end }) => end?.kind ?? 'processing',
    );
  }

  probe(): Promise<GatewayProbe> {
    return this.observe('probe', () => this.gateway.probe(), kindOf);
  }

  private observe<T>(
    call: keyof PaymentGateway,
    work: () => Promise<T>,
    resultOf: (value: T) => string,
  ): Promise<T> {
    return inChildSpan(
      () => ({ name: `gateway ${call}`, kind: SpanKind.CLIENT }),
      () => this.time(call, work(), resultOf),
    );
  }

  private async time<T>(
    call: keyof PaymentGateway,
    reply: Promise<T>,
    resultOf: (value: T) => string,
  ): Promise<T> {
    const startedAt = performance.now();
    // Any error other than a GatewayError is a bug of this service.
    let result = 'fault';
    try {
      const value = await reply;
      result = resultOf(value);
      return value;
    } catch (error) {
      if (error instanceof GatewayError) result = error.failure.kind;
      throw error;
    } finally {
      trace.getActiveSpan()?.setAttribute('payment.gateway.result', result);
      this.duration.observe({ call, result }, (performance.now() - startedAt) / 1000);
    }
  }
}

function kindOf({ kind }: { readonly kind: string }): string {
  return kind;
}

import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';
import { MetricsModule } from '../../../src/observability/metrics/metrics.module';

let app: INestApplication;
beforeEach(async () => {
  const module = await Test.createTestingModule({ imports: [MetricsModule] }).compile();
  app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
});
afterEach(() => app.close());

const scrape = async () => fetch(`${await app.getUrl()}/metrics`);

describe('GET /metrics', () => {
  it('answers in the text format of Prometheus', async () => {
    const response = await scrape();
    expect(response.headers.get('content-type')).toMatch(/^text\/plain;.*version=0\.0\.4/);
  });

  it('shows the event loop lag of the process', async () => {
    const response = await scrape();
    expect(await response.text()).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('shows metrics that other modules register', async () => {
    new Counter({ name: 'payments_total', help: 'Payments', registers: [app.get(Registry)] }).inc(3);
    const response = await scrape();
    expect(await response.text()).toContain('payments_total 3');
  });
});

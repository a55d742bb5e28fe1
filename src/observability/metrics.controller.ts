import { Controller, Get, Header } from '@nestjs/common';
import { prometheusContentType, Registry } from 'prom-client';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly registry: Registry) {}

  @Get()
  @Header('Content-Type', prometheusContentType)
  async read(): Promise<string> {
    return this.registry.metrics();
  }
}

import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult } from '@nestjs/terminus';
import type { Response } from 'express';
import { ApiLive, ApiReady } from './health.answers';
import { Readiness } from './readiness.service';

/** Our own documentation has examples, the library's has none. */
const OWN_DOCUMENTATION = { noCache: true, swaggerDocumentation: false };

@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** The process is up and its event loop runs. Checks nothing else, because a restart would not bring a broker back. */
  @Get('live')
  @HealthCheck(OWN_DOCUMENTATION)
  @ApiLive()
  live(): HealthCheckResult {
    const details = { process: { status: 'up' as const } };
    return { status: 'ok', info: details, error: {}, details };
  }

  /** The process can do its work; 503 with the reasons otherwise. */
  @Get('ready')
  @HealthCheck(OWN_DOCUMENTATION)
  @ApiReady()
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthCheckResult> {
    const result = await this.readiness.check();
    if (result.status !== 'ok') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return result;
  }
}

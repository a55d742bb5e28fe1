import { Body, ConflictException, Controller, Get, Put, Sse } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import type { Observable } from 'rxjs';
import type { GatewayMode, GatewayState, LiveEvent } from './activity';
import { gatewayModePipe, GatewayModeBody } from './console.dto';
import { LiveFeed } from './live-feed';
import { NoSandboxError, SandboxControl } from './sandbox-control';

/** What the console's page is fed from, and what it can tell the sandbox. For development only. */
@Controller('console')
export class ConsoleController {
  constructor(
    private readonly feed: LiveFeed,
    private readonly sandbox: SandboxControl,
  ) {}

  @Sse('events')
  events(): Observable<LiveEvent> {
    return this.feed.open();
  }

  @Get('gateway')
  gateway(): Promise<GatewayState> {
    return this.sandbox.state();
  }

  /** `PUT`, because a page of another origin cannot send that without being permitted to. */
  @Put('gateway')
  @ApiBody({ type: GatewayModeBody })
  async setGateway(@Body('mode', gatewayModePipe) mode: GatewayMode): Promise<GatewayState> {
    try {
      return await this.sandbox.set(mode);
    } catch (error) {
      if (error instanceof NoSandboxError) throw new ConflictException(error.message);
      throw error;
    }
  }
}

import { Body, ConflictException, Controller, Get, Put, Sse } from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';
import type { Observable } from 'rxjs';
import { ApiError, ApiFieldErrors } from '../../http/api-answers';
import type { GatewayMode, GatewayState, LiveEvent } from './activity';
import { gatewayModePipe, GatewayModeBody, GatewayStateAnswer } from './console.dto';
import { LiveFeed } from './live-feed';
import { NoSandboxError, SandboxControl } from './sandbox-control';

const EVENT_EXAMPLE = `event: queues
id: 2
data: {"depths":{"ready":0,"waiting":2,"dead":0}}

`;
const ApiGateway = () =>
  ApiOkResponse({
    type: GatewayStateAnswer,
    description: 'How it behaves, if it is a sandbox.',
    examples: {
      sandbox: { summary: 'the sandbox', value: { kind: 'sandbox', mode: 'slow' } },
      stripe: {
        summary: 'not the sandbox',
        value: {
          kind: 'not-a-sandbox',
          detail: 'STRIPE_API_BASE is empty, so the gateway is Stripe itself',
        },
      },
    },
  });

/** The events for the console's page, and the control of the sandbox. For development only. */
@Controller('console')
export class ConsoleController {
  constructor(
    private readonly feed: LiveFeed,
    private readonly sandbox: SandboxControl,
  ) {}

  @Sse('events')
  @ApiOkResponse({
    description: 'Server-sent events: `snapshot` first, then `report`, `queues` and `heartbeat`.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EVENT_EXAMPLE } },
  })
  events(): Observable<LiveEvent> {
    return this.feed.open();
  }

  @Get('gateway')
  @ApiGateway()
  gateway(): Promise<GatewayState> {
    return this.sandbox.state();
  }

  /** `PUT`, because a page of another origin cannot send it without permission (CORS). */
  @Put('gateway')
  @ApiBody({ type: GatewayModeBody, examples: { slow: { value: { mode: 'slow' } } } })
  @ApiGateway()
  @ApiFieldErrors({
    field: 'mode',
    problem: 'mode must be one of the following values: normal, slow, failing, declining, losing-answers',
  })
  @ApiError({
    status: 409,
    description: 'The gateway is not the sandbox, so nothing was changed.',
    message: 'what answers at STRIPE_API_BASE is not the sandbox',
  })
  async setGateway(@Body('mode', gatewayModePipe) mode: GatewayMode): Promise<GatewayState> {
    try {
      return await this.sandbox.set(mode);
    } catch (error) {
      if (error instanceof NoSandboxError) throw new ConflictException(error.message);
      throw error;
    }
  }
}

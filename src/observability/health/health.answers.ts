import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiProperty,
  ApiPropertyOptional,
  ApiServiceUnavailableResponse,
  getSchemaPath,
} from '@nestjs/swagger';

class DependencyAnswer {
  @ApiProperty({ enum: ['up', 'down'] })
  readonly status: string = '';

  @ApiPropertyOptional({ description: 'Why it is down.' })
  readonly reason?: string;

  @ApiPropertyOptional({ description: 'False: shown, but not needed for readiness.' })
  readonly required?: boolean;
}

const parts = { type: 'object', additionalProperties: { $ref: getSchemaPath(DependencyAnswer) } } as const;

/** The answer to a health probe. */
class HealthAnswer {
  @ApiProperty({ enum: ['ok', 'error', 'shutting_down'] })
  readonly status: string = '';

  @ApiProperty({ ...parts, description: 'What is up.' })
  readonly info: Record<string, DependencyAnswer> = {};

  @ApiProperty({ ...parts, description: 'What is down and needed, with the reason.' })
  readonly error: Record<string, DependencyAnswer> = {};

  @ApiProperty({ ...parts, description: 'Everything, up or down.' })
  readonly details: Record<string, DependencyAnswer> = {};
}

const up = { status: 'up' } as const;
const process = { process: up };
const others = { rabbitmq: up, consumer: up, gateway: { status: 'up', required: false } };
const healthy = { ...others, redis: up };
const redis = { status: 'down', reason: 'not connected (reconnecting)' };

/** Documents `GET /health/live`. */
export const ApiLive = () =>
  applyDecorators(
    ApiExtraModels(DependencyAnswer),
    ApiOkResponse({
      type: HealthAnswer,
      description: 'The process is alive.',
      example: { status: 'ok', info: process, error: {}, details: process },
    }),
  );

/** Documents `GET /health/ready`. */
export const ApiReady = () =>
  applyDecorators(
    ApiExtraModels(DependencyAnswer),
    ApiOkResponse({
      type: HealthAnswer,
      description: 'The process can do its work.',
      example: { status: 'ok', info: healthy, error: {}, details: healthy },
    }),
    ApiServiceUnavailableResponse({
      type: HealthAnswer,
      description: 'The process cannot do its work, for the reasons given; or it is stopping.',
      example: { status: 'error', info: others, error: { redis }, details: { ...others, redis } },
    }),
  );

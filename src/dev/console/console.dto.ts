import { ParseEnumPipe } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { fieldErrors } from '../../input/field-errors';

const MODES = {
  normal: 'normal',
  slow: 'slow',
  failing: 'failing',
  declining: 'declining',
  'losing-answers': 'losing-answers',
} as const;

/** Body of `PUT /console/gateway`. */
export class GatewayModeBody {
  /** How the sandbox treats charges from now on. */
  @ApiProperty({ enum: Object.values(MODES), example: 'slow' })
  readonly mode: string = '';
}

/** How the gateway behaves, or why that is unknown. */
export class GatewayStateAnswer {
  @ApiProperty({ enum: ['sandbox', 'not-a-sandbox', 'unreachable'] })
  readonly kind: string = '';

  @ApiPropertyOptional({ enum: [...Object.values(MODES), 'custom'] })
  readonly mode?: string;

  @ApiPropertyOptional()
  readonly detail?: string;
}

export const gatewayModePipe = new ParseEnumPipe(MODES, {
  exceptionFactory: () =>
    fieldErrors([
      {
        field: 'mode',
        problem: `mode must be one of the following values: ${Object.values(MODES).join(', ')}`,
      },
    ]),
});

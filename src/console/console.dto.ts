import { ParseEnumPipe } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { fieldErrors } from '../http/field-errors';

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

export const gatewayModePipe = new ParseEnumPipe(MODES, {
  exceptionFactory: () =>
    fieldErrors([
      {
        field: 'mode',
        problem: `mode must be one of the following values: ${Object.values(MODES).join(', ')}`,
      },
    ]),
});

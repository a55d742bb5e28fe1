import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { GatewayMode } from './activity';

const MODES = ['normal', 'slow', 'failing', 'declining', 'losing-answers'] as const satisfies GatewayMode[];

/** Body of `PUT /console/gateway`. */
export class GatewayModeBody {
  /** How the sandbox treats charges from now on. */
  @ApiProperty({ enum: MODES, example: 'slow' })
  @IsIn(MODES)
  readonly mode: GatewayMode = 'normal';
}

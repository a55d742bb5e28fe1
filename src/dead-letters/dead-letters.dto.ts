import { Type } from 'class-transformer';
import { Equals, IsBoolean, IsInt, Max, Min, ValidateBy, ValidateIf } from 'class-validator';

export class ListQuery {
  /** How many to show, the oldest first. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  readonly limit: number = 100;
}

/** Either `id` or `all`. */
export class ReplayBody {
  @ValidateIf((body: ReplayBody) => body.all === undefined || body.id !== undefined)
  @ValidateBy({
    name: 'isOnlyId',
    validator: {
      validate: (id, args) => typeof id === 'string' && (args?.object as ReplayBody).all === undefined,
      defaultMessage: () => 'either id must be the id of a dead letter, or all must be true',
    },
  })
  readonly id?: string;

  @ValidateIf((body: ReplayBody) => body.id === undefined || body.all !== undefined)
  @Equals(true, { message: 'all must be true, or id must be the id of a dead letter' })
  readonly all?: boolean;

  /** Lets messages through that may have been charged and forgotten. */
  @IsBoolean()
  readonly force: boolean = false;
}

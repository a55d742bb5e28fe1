import { BadRequestException } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max } from 'class-validator';
import { fieldErrors, fieldErrorsPipe } from '../../../src/http/field-errors';

class Order {
  @IsString()
  @Length(1, 5)
  readonly name: string = '';

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Max(9)
  readonly count: number = 1;
}

const check = (value: unknown): Promise<unknown> =>
  fieldErrorsPipe.transform(value, { type: 'body', metatype: Order });

/** The body of the 400 that a value is answered with. */
async function answerTo(value: unknown): Promise<unknown> {
  const error: unknown = await check(value).catch((refusal: unknown) => refusal);
  if (error instanceof BadRequestException) return error.getResponse();
  throw new Error(`it was answered with ${String(error)}`);
}

describe('an answer about wrong fields', () => {
  it('names each for people and for programs', () => {
    const errors = [
      { field: 'name', problem: 'name must be a text' },
      { field: 'count', problem: 'count must be small' },
    ];
    expect(fieldErrors(errors).getResponse()).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: ['name must be a text', 'count must be small'],
      errors,
    });
  });

  it('is a 400', () => {
    expect(fieldErrors([]).getStatus()).toBe(400);
  });
});

describe('a body that is checked', () => {
  it('becomes an instance, with its defaults', async () => {
    const order = await check({ name: 'cup' });
    expect(order).toBeInstanceOf(Order);
    expect(order).toEqual({ name: 'cup', count: 1 });
  });

  it('is coerced where a type is given', async () => {
    expect(await check({ name: 'cup', count: '3' })).toEqual({ name: 'cup', count: 3 });
  });

  it('is not coerced where none is', async () => {
    expect(await answerTo({ name: 7 })).toMatchObject({
      errors: expect.arrayContaining([{ field: 'name', problem: 'name must be a string' }]),
    });
  });

  it('is refused for a field that is not known', async () => {
    expect(await answerTo({ name: 'cup', colour: 'red' })).toMatchObject({
      errors: [{ field: 'colour', problem: 'property colour should not exist' }],
    });
  });

  it('is refused with every problem of every field', async () => {
    const answer = await answerTo({ name: 'teapot', count: 99.5 });
    expect(answer).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: expect.any(Array),
      errors: expect.arrayContaining([
        { field: 'name', problem: 'name must be shorter than or equal to 5 characters' },
        { field: 'count', problem: 'count must be an integer number' },
        { field: 'count', problem: 'count must not be greater than 9' },
      ]),
    });
  });
});

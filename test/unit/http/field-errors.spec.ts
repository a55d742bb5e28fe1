import { BadRequestException } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max } from 'class-validator';
import { fieldErrors, fieldErrorsPipe } from '../../../src/input/field-errors';

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

/** The body of the 400 response to a value. */
async function answerTo(value: unknown): Promise<unknown> {
  const error: unknown = await check(value).catch((refusal: unknown) => refusal);
  if (error instanceof BadRequestException) return error.getResponse();
  throw new Error(`it was answered with ${String(error)}`);
}

describe('a response about invalid fields', () => {
  it('names each field for people and for programs', () => {
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
  it('becomes an instance with its defaults', async () => {
    const order = await check({ name: 'cup' });
    expect(order).toBeInstanceOf(Order);
    expect(order).toEqual({ name: 'cup', count: 1 });
  });

  it('is converted if a type is given', async () => {
    expect(await check({ name: 'cup', count: '3' })).toEqual({ name: 'cup', count: 3 });
  });

  it('is not converted without a type', async () => {
    expect(await answerTo({ name: 7 })).toMatchObject({
      errors: expect.arrayContaining([{ field: 'name', problem: 'name must be a string' }]),
    });
  });

  it('is rejected for an unknown field', async () => {
    expect(await answerTo({ name: 'cup', colour: 'red' })).toMatchObject({
      errors: [{ field: 'colour', problem: 'property colour should not exist' }],
    });
  });

  it('is rejected with every problem of every field', async () => {
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

describe('a field with the name of an inherited property', () => {
  // JSON.parse makes own properties, even of `__proto__`.
  const parsed = (name: string): unknown => JSON.parse(`{"name":"cup","${name}":1}`);

  it.each([...Object.getOwnPropertyNames(Object.prototype), '__proto__', 'prototype'])(
    'is rejected like any unknown field: %s',
    async (name) => {
      expect(await answerTo(parsed(name))).toMatchObject({
        errors: [{ field: name, problem: `property ${name} should not exist` }],
      });
    },
  );

  it('is rejected in a query, too', async () => {
    const query: unknown = Object.assign(Object.create(null), { name: 'cup', toString: 'x' });
    expect(await answerTo(query)).toMatchObject({ errors: [{ field: 'toString' }] });
  });

  it('is named together with all other invalid fields', async () => {
    const body: unknown = JSON.parse('{"name":7,"valueOf":1,"colour":"red","__proto__":{"count":2}}');
    const answer = JSON.stringify(await answerTo(body));
    const fields = ['name', 'valueOf', 'colour', '__proto__'];
    expect(fields.filter((field) => !answer.includes(`{"field":"${field}"`))).toEqual([]);
  });
});

describe('an invalid field name', () => {
  it.each(['', ' ', 'o', 'two words', '<script>', 'x'.repeat(10_000)])(
    'does not appear in the message: %p',
    async (name) => {
      const field = name === 'o' ? 'o' : '[odd name]';
      expect(await answerTo({ name: 'cup', [name]: 1 })).toMatchObject({
        errors: [{ field, problem: `property ${field} should not exist` }],
      });
    },
  );
});

describe('a body with a wrong shape', () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 1;
    for (let level = 0; level < levels; level++) value = level % 2 ? { value } : [value];
    return value;
  };

  it.each([16, 5_000, 100_000])('is rejected for the field that is nested %d levels deep', async (levels) => {
    expect(await answerTo({ name: 'cup', colour: nested(levels) })).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: ['colour must not be nested deeper than 16 levels'],
      errors: [{ field: 'colour', problem: 'colour must not be nested deeper than 16 levels' }],
    });
  });

  it('may have 16 levels, including its own', async () => {
    expect(await answerTo({ name: nested(15) })).toMatchObject({
      errors: expect.arrayContaining([{ field: 'name', problem: 'name must be a string' }]),
    });
  });

  it('is rejected with one message for all of its 10,000 fields', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => [`field${index}`, index]);
    expect(await answerTo(Object.fromEntries(names))).toMatchObject({
      errors: [{ field: '[body]', problem: 'the body has 10000 fields, 64 are allowed' }],
    });
  });

  it('may have 64 fields, each of which is named', async () => {
    const names = Array.from({ length: 63 }, (_, index) => [`field${index}`, index]);
    const answer = await answerTo({ name: 'cup', ...Object.fromEntries(names) });
    expect(answer).toMatchObject({ errors: { length: 63 } });
  });

  it.each([[[]], [[{ name: 'cup' }]], ['cup'], [7], [false]])('is rejected if it is %j', async (body) => {
    expect(await answerTo(body)).toMatchObject({
      errors: [{ field: '[body]', problem: 'the body must be a JSON object' }],
    });
  });

  it.each([undefined, null])('counts as empty if it is %p', async (body) => {
    expect(await answerTo(body)).toMatchObject({
      errors: expect.arrayContaining([expect.objectContaining({ field: 'name' })]),
    });
  });
});

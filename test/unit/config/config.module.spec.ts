import { Test } from '@nestjs/testing';
import { ConfigModule, readEnvironment } from '../../../src/config/config.module';
import { Environment } from '../../../src/config/environment';
import { InvalidEnvironmentError } from '../../../src/config/invalid-environment.error';

describe('ConfigModule', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it('reads what the environment leaves open from .env', () => {
    expect(readEnvironment().stripeApiKey).toBe('sk_test_sandbox');
  });

  it('lets the real environment win', async () => {
    process.env.PORT = '3999';
    const module = await Test.createTestingModule({ imports: [ConfigModule] }).compile();
    expect(module.get(Environment).port).toBe(3999);
  });

  it('stops the start when the environment is wrong', async () => {
    process.env.PORT = 'abc';
    const start = Test.createTestingModule({ imports: [ConfigModule] }).compile();
    await expect(start).rejects.toThrow(InvalidEnvironmentError);
  });
});

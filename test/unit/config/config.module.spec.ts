import { Test } from '@nestjs/testing';
import { ConfigModule, readEnvironment } from '../../../src/config/config.module';
import { Environment } from '../../../src/config/environment';
import { InvalidEnvironmentError } from '../../../src/config/invalid-environment.error';

describe('ConfigModule', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it('takes variables that are not set from .env', () => {
    expect(readEnvironment().stripeApiKey).toBe('sk_test_sandbox');
  });

  it('prefers the real environment to .env', async () => {
    process.env.PORT = '3999';
    const module = await Test.createTestingModule({ imports: [ConfigModule] }).compile();
    expect(module.get(Environment).port).toBe(3999);
  });

  it('refuses to start with a wrong environment', async () => {
    process.env.PORT = 'abc';
    const start = Test.createTestingModule({ imports: [ConfigModule] }).compile();
    await expect(start).rejects.toThrow(InvalidEnvironmentError);
  });
});

import { BrokerTimeoutError, BrokerSteps } from '../../../../src/operations/dead-letters/broker-steps';

const never = () => new Promise<never>(() => undefined);

describe('a step that the broker does not answer', () => {
  it('ends with an error that says what was asked for', async () => {
    const counted = new BrokerSteps(10).run('count the dead letters', never);
    await expect(counted).rejects.toThrow(BrokerTimeoutError);
    await expect(counted).rejects.toThrow(/^RabbitMQ did not count the dead letters within 0.01 s/);
  });
});

describe('steps after one that failed', () => {
  it('fail at once for the same reason, because the client may never answer on that channel again', async () => {
    const steps = new BrokerSteps();
    const reason = new TypeError("Field 'prefetchCount' is the wrong type; must be a number (but not NaN)");
    await expect(steps.run('set the prefetch count', () => Promise.reject(reason))).rejects.toBe(reason);
    const next = jest.fn(never);
    await expect(steps.run('cancel a consumer', next)).rejects.toBe(reason);
    expect(next).not.toHaveBeenCalled();
  });
});

describe('a step that is answered', () => {
  it('resolves with the answer, and leaves no timer', async () => {
    expect(await new BrokerSteps().run('answer', () => Promise.resolve(7))).toBe(7);
  });
});

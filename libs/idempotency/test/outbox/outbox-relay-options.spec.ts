import { Pool } from 'pg';
import { OutboxRelay } from '../../src/postgres';

const publish = () => Promise.resolve();

describe('a relay', () => {
  it('is refused without a time limit for connections', () => {
    expect(() => new OutboxRelay(new Pool({ connectionTimeoutMillis: 0 }), { publish })).toThrow(
      'set connectionTimeoutMillis of the pool',
    );
  });

  it.each(['pollMs', 'publishTimeoutMs'])('is refused with a %s that is not valid', (option) => {
    const pool = new Pool({ connectionTimeoutMillis: 1_000 });
    expect(() => new OutboxRelay(pool, { publish, [option]: 0 })).toThrow(
      `${option} must be a whole number from 1`,
    );
  });
});

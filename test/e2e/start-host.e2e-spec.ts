import { answersHttp } from '../../scripts/services/probes';
import { freePort } from '../../scripts/services/ports';
import { stopEverything } from '../../scripts/services/running';
import { openRun, removeRun } from '../../scripts/services/runs';
import { sandboxVariables, serverVariables, startService } from '../../scripts/system';
import { useWorld } from '../support/world';

describe('`npm start` with HOST set', () => {
  const world = useWorld({ services: 0 });
  const directory = openRun('spec');

  afterAll(async () => {
    await stopEverything();
    removeRun(directory);
  });

  it.each(['0.0.0.0', 'localhost'])('reaches the service with HOST=%s', async (HOST) => {
    const servers = { rabbitmqUrl: world.broker.url, redisUrl: world.redis.url, rabbitmqManagementUrl: '' };
    const gateway = sandboxVariables('http://127.0.0.1:9');
    const env = { ...process.env, ...serverVariables(servers), ...gateway, APP_ROLES: 'publisher', HOST };
    const { url } = await startService({ directory, choosePort: freePort, env, output: 'log' });
    expect(new URL(url).hostname).toBe(HOST === '0.0.0.0' ? '127.0.0.1' : HOST);
    expect(await answersHttp(`${url}/health/live`)).toBe(true);
  });
});

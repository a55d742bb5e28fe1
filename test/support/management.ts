import { isJsonObject } from './json';
import type { JsonObject } from './json';

interface ManagementMessage {
  exchange: string;
  routingKey: string;
  headers: JsonObject;
  body: string;
}

interface Binding {
  source: string;
  /** Management's name of the binding: the routing key, or a text made from it and the arguments. */
  key: string;
}

export interface Permissions {
  configure: string;
  write: string;
  read: string;
}

/** The virtual host in a broker's URL. */
export function vhostOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

/** The same URL with another login. */
export function asUser(url: string, { user, password }: { user: string; password: string }): string {
  const own = new URL(url);
  own.username = user;
  own.password = password;
  return own.href;
}

/** The parts of RabbitMQ's management API that tests use. Queue names are up to date there; counts lag by seconds. */
export class Management {
  private readonly base: string;
  private readonly authorization: string;
  private readonly user: string;

  constructor(managementUrl: string) {
    const url = new URL(managementUrl);
    this.user = url.username;
    this.authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`;
    this.base = url.origin;
  }

  /** A virtual host of its own separates a spec's queues from those of other specs; tracing is on. */
  async createVhost(name: string): Promise<void> {
    await this.call('PUT', `/vhosts/${name}`, { tracing: true });
    await this.call('PUT', `/permissions/${name}/${this.user}`, { configure: '.*', write: '.*', read: '.*' });
  }

  async deleteVhost(name: string): Promise<void> {
    await this.call('DELETE', `/vhosts/${name}`);
  }

  /** A user with these permissions (regular expressions) on one virtual host. */
  async createUser(
    name: string,
    { password, vhost, permissions }: { password: string; vhost: string; permissions: Permissions },
  ): Promise<void> {
    await this.call('PUT', `/users/${encodeURIComponent(name)}`, { password, tags: '' });
    await this.call('PUT', `/permissions/${vhost}/${encodeURIComponent(name)}`, { ...permissions });
  }

  async deleteUser(name: string): Promise<void> {
    await this.call('DELETE', `/users/${encodeURIComponent(name)}`);
  }

  async queues(vhost: string): Promise<JsonObject[]> {
    return this.list(`/queues/${vhost}`);
  }

  async queueNames(vhost: string): Promise<string[]> {
    const queues = await this.queues(vhost);
    return queues.map(({ name }) => String(name));
  }

  async connections(vhost: string): Promise<JsonObject[]> {
    return this.list(`/vhosts/${vhost}/connections`);
  }

  async closeConnection(name: string): Promise<void> {
    await this.call('DELETE', `/connections/${encodeURIComponent(name)}`);
  }

  /** Publishes headers that the JavaScript client cannot encode. */
  async publish(vhost: string, { exchange, routingKey, headers, body }: ManagementMessage): Promise<void> {
    await this.call('POST', `/exchanges/${vhost}/${exchange}/publish`, {
      properties: { headers, delivery_mode: 2 },
      routing_key: routingKey,
      payload: body,
      payload_encoding: 'string',
    });
  }

  /** Settings for all queues whose names match the pattern. */
  async setPolicy(
    vhost: string,
    name: string,
    policy: { pattern: string; definition: JsonObject },
  ): Promise<void> {
    await this.call('PUT', `/policies/${vhost}/${name}`, { ...policy, 'apply-to': 'queues' });
  }

  async deleteQueue(vhost: string, name: string): Promise<void> {
    await this.call('DELETE', `/queues/${vhost}/${name}`);
  }

  async deleteExchange(vhost: string, name: string): Promise<void> {
    await this.call('DELETE', `/exchanges/${vhost}/${name}`);
  }

  /** The exchanges and routing keys of a queue's bindings; empty if the queue does not exist. */
  async bindings(vhost: string, queue: string): Promise<Binding[]> {
    if (!(await this.queueNames(vhost)).includes(queue)) return [];
    const bindings = await this.list(`/queues/${vhost}/${queue}/bindings`);
    return bindings
      .map(({ source, properties_key: key }) => ({ source: String(source), key: String(key) }))
      .filter(({ source }) => source !== '');
  }

  async unbind(vhost: string, queue: string, { source, key }: Binding): Promise<void> {
    await this.call('DELETE', `/bindings/${vhost}/e/${source}/q/${queue}/${encodeURIComponent(key)}`);
  }

  private async list(path: string): Promise<JsonObject[]> {
    const response = await this.call('GET', path);
    const body: unknown = await response.json();
    return Array.isArray(body) ? body.filter(isJsonObject) : [];
  }

  private async call(method: string, path: string, body?: JsonObject): Promise<Response> {
    const response = await fetch(`${this.base}/api${path}`, {
      method,
      headers: { authorization: this.authorization, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new Error(
        `RabbitMQ management: ${method} ${path} answered ${response.status} ${await response.text()}`,
      );
    }
    return response;
  }
}

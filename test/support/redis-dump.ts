import type { Redis } from 'ioredis';

/** Everything in a database that holds texts, names and values, as one text. */
export async function dumpOf(client: Redis): Promise<string> {
  const names = await client.keys('*');
  const values = names.map(async (name) => {
    const type = await client.type(name);
    if (type === 'string') return [name, await client.get(name)];
    // Gone in between, or something that this service does not write.
    return [name, type];
  });
  return JSON.stringify(await Promise.all(values), undefined, 1);
}

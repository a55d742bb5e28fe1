import type { Redis } from 'ioredis';

/** All names and string values of a database as one text. */
export async function dumpOf(client: Redis): Promise<string> {
  const names = await client.keys('*');
  const values = names.map(async (name) => {
    const type = await client.type(name);
    if (type === 'string') return [name, await client.get(name)];
    // Expired meanwhile, or a type that this service does not write.
    return [name, type];
  });
  return JSON.stringify(await Promise.all(values), undefined, 1);
}

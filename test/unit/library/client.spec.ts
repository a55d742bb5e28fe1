import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { createContext, runInContext } from 'node:vm';

const root = resolve(__dirname, '../../..');
const entry = join(root, 'libs/idempotency/dist/client.js');

/** What the client may use: the parts of the platform that Node.js, browsers and workers share. */
const platform = {
  ...{ fetch, Headers, Request, Response, Blob, URL, crypto, performance },
  ...{ AbortController, AbortSignal, setTimeout, clearTimeout, Error, TypeError, RangeError },
};

type Client = typeof import('nestjs-idempotent/client');

/** Loads files of the built client, and nothing else, where there is nothing but the platform. */
function loadedInBrowser(file: string): unknown {
  const context = createContext({ ...platform });
  const load = (path: string): unknown => {
    const module = { exports: {} };
    const wrapper = runInContext(
      `(function (module, exports, require) {${readFileSync(path, 'utf8')}\n})`,
      context,
      {
        filename: path,
      },
    ) as (...args: unknown[]) => void;
    wrapper(module, module.exports, (name: string) => {
      if (!name.startsWith('.')) throw new Error(`${path} needs ${name}`);
      return load(`${join(dirname(path), name)}.js`);
    });
    return module.exports;
  };
  return load(file);
}

describe('nestjs-idempotent/client', () => {
  let server: Server;
  const keys: unknown[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      keys.push(request.headers['idempotency-key']);
      response.writeHead(keys.length === 1 ? 503 : 201).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  afterAll(() => new Promise((closed) => server.close(closed)));

  it('loads no package in Node.js, neither NestJS nor a client of a broker', () => {
    const program = `
      require('nestjs-idempotent/client');
      console.log(Object.keys(require.cache).filter((file) => file.includes('node_modules')).length);
    `;
    const output = execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' });
    expect(output.trim()).toBe('0');
  });

  it('repeats a request with one key where there is nothing of Node.js', async () => {
    const { createIdempotentFetch } = loadedInBrowser(entry) as Client;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { status, idempotencyKey } = await createIdempotentFetch()(url, { method: 'POST', body: 'a' });
    expect(status).toBe(201);
    expect(keys).toEqual([idempotencyKey, idempotencyKey]);
  });
});

import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { Controller, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import multipart from '@fastify/multipart';
import { Idempotent } from '../../src';
import { ADAPTERS, HttpApplication, answerOf, type Adapter } from './http-application';

const done: string[] = [];

@Controller('uploads')
class Uploads {
  @Post('memory')
  @UseInterceptors(FileInterceptor('file'))
  @Idempotent()
  memory(@UploadedFile() file: { originalname: string }) {
    done.push(`stored ${file.originalname}`);
    return { stored: done.length };
  }

  @Post('disk')
  @Idempotent()
  @UseInterceptors(FileInterceptor('file', { dest: `${tmpdir()}/nestjs-idempotent-uploads` }))
  disk(@UploadedFile() file: { originalname: string }) {
    done.push(`stored ${file.originalname}`);
    return { stored: done.length };
  }
}

/** Like one that sends files to another server: neither their content nor a file is here afterwards. */
const elsewhere = {
  _handleFile(_: unknown, { stream }: { stream: Readable }, stored: (error: null, info: object) => void) {
    stream.resume().once('end', () => stored(null, { size: 3 }));
  },
  _removeFile: (_: unknown, _file: unknown, removed: (error: null) => void) => removed(null),
};

@Controller('elsewhere')
class Elsewhere {
  @Post('all')
  @UseInterceptors(FileInterceptor('file', { storage: elsewhere }))
  @Idempotent()
  all() {
    done.push('all');
  }

  @Post('named')
  @UseInterceptors(FileInterceptor('file', { storage: elsewhere }))
  @Idempotent({ fingerprint: ['title'] })
  named() {
    done.push('named');
  }
}

@Controller('unread')
class Unread {
  @Post()
  @Idempotent()
  unread() {
    done.push('unread');
  }
}

beforeEach(() => {
  done.length = 0;
});

function send(app: HttpApplication, path: string, key: string, content: string, name = 'a.txt') {
  const body = new FormData();
  body.append('title', 'same');
  body.append('file', new Blob([content]), name);
  return app.fetch(path, { headers: { 'idempotency-key': key }, body }).then(answerOf);
}

describe('an upload on Express', () => {
  let app: HttpApplication;

  beforeAll(async () => {
    app = await HttpApplication.open('Express', { controllers: [Uploads, Elsewhere] });
  });
  afterAll(() => app.close());

  it.each(['/uploads/memory', '/uploads/disk'])('of another file is another request: %s', async (path) => {
    const key = randomUUID();
    const answers = [
      await send(app, path, key, 'one'),
      await send(app, path, key, 'one'),
      await send(app, path, key, 'two'),
      await send(app, path, key, 'one', 'b.txt'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 422, 422]);
    expect([answers[1]?.body, done]).toEqual([answers[0]?.body, ['stored a.txt']]);
  });
});

describe('an upload that is stored elsewhere', () => {
  it('cannot be compared, so the handler says what makes it the same request', async () => {
    const app = await HttpApplication.open('Express', { controllers: [Elsewhere] });
    const key = randomUUID();
    const answers = [
      await send(app, '/elsewhere/all', key, 'one'),
      await send(app, '/elsewhere/named', key, 'one'),
    ];
    await app.close();
    expect(answers).toMatchObject([
      { status: 415, body: expect.stringContaining('the option `fingerprint`') as string },
      { status: 201 },
    ]);
    expect(done).toEqual(['named']);
  });
});

describe('an upload on Fastify', () => {
  const key = randomUUID();

  it('that is read into the body is compared', async () => {
    const app = await HttpApplication.open('Fastify', {
      controllers: [Unread],
      configure: (nest) =>
        (nest as NestFastifyApplication).register(multipart, { attachFieldsToBody: 'keyValues' }),
    });
    const answers = [
      await send(app, '/unread', key, 'one'),
      await send(app, '/unread', key, 'one'),
      await send(app, '/unread', key, 'two'),
    ];
    await app.close();
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 422]);
    expect(done).toEqual(['unread']);
  });
});

describe.each<Adapter>([...ADAPTERS])('an upload that nobody has read, on %s', (adapter) => {
  it('is refused, with the way out', async () => {
    const app = await HttpApplication.open(adapter, {
      controllers: [Unread],
      configure: (nest) =>
        adapter === 'Fastify' ? (nest as NestFastifyApplication).register(multipart) : undefined,
    });
    const answer = await send(app, '/unread', randomUUID(), 'one');
    await app.close();
    expect(answer).toMatchObject({
      status: 415,
      body: expect.stringContaining('use a body parser or an upload interceptor') as string,
    });
    expect(done).toEqual([]);
  });
});

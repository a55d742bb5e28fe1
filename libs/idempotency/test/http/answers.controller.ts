import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  Body,
  ClassSerializerInterceptor,
  ConflictException,
  Catch,
  Controller,
  Delete,
  Header,
  HttpCode,
  Injectable,
  Post,
  Redirect,
  Res,
  SerializeOptions,
  StreamableFile,
  UseFilters,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Exclude, Expose } from 'class-transformer';
import { map } from 'rxjs';
import { Idempotent } from '../../src';

class Customer {
  readonly id = 'C1';
  @Exclude() readonly secret = 'hidden';
  @Expose({ groups: ['admin'] }) readonly note = 'for admins';
}

class Wrapped implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: { inner: string }) => ({ data: data.inner.toUpperCase() })));
  }
}

class OutOfStock extends Error {}

@Catch(OutOfStock)
@Injectable()
class OutOfStockFilter implements ExceptionFilter<OutOfStock> {
  constructor(private readonly adapters: HttpAdapterHost) {}
  catch(error: OutOfStock, host: ArgumentsHost): void {
    const response: unknown = host.switchToHttp().getResponse();
    this.adapters.httpAdapter.setHeader(response, 'X-Stock', '0');
    this.adapters.httpAdapter.reply(response, { sorry: error.message }, 409);
  }
}

interface Reply {
  header(name: string, value: string | string[] | number): Reply;
  type(type: string): Reply;
  status(code: number): Reply;
  /** Node's own, in Express. */
  appendHeader?(name: string, value: string): Reply;
}

/** What the handlers have done. */
export const effects = { runs: 0 };

@Controller()
export class AnswersController {
  @Post('object')
  @Idempotent()
  object() {
    return { run: ++effects.runs };
  }

  @Post('excluded-method')
  @UseInterceptors(ClassSerializerInterceptor)
  @Idempotent()
  excluded() {
    effects.runs++;
    return new Customer();
  }

  @Post('excluded-below')
  @Idempotent()
  @UseInterceptors(ClassSerializerInterceptor)
  @SerializeOptions({ groups: ['admin'] })
  excludedBelow() {
    effects.runs++;
    return [new Customer()];
  }

  @Post('mapped')
  @UseInterceptors(Wrapped)
  @Idempotent()
  mapped() {
    effects.runs++;
    return { inner: 'text' };
  }

  @Post('header')
  @Header('X-Kind', 'order')
  @Header('X-Random', () => randomUUID())
  @HttpCode(202)
  @Idempotent()
  header() {
    effects.runs++;
    return 'plain text';
  }

  @Post('type')
  @Idempotent()
  type(@Res({ passthrough: true }) reply: Reply) {
    effects.runs++;
    reply.type('text/csv; charset=utf-8').status(203);
    return 'a,b';
  }

  @Post('cookies')
  @Idempotent()
  cookies(@Res({ passthrough: true }) reply: Reply) {
    effects.runs++;
    reply.header('Set-Cookie', ['a=1; Path=/', 'b=2']);
    reply.header('X-Limit', 7);
  }

  @Post('added-cookie')
  @Idempotent()
  addedCookie(@Res({ passthrough: true }) reply: Reply) {
    effects.runs++;
    // Both add to a list that is there.
    if (reply.appendHeader) reply.appendHeader('Set-Cookie', 'order=3');
    else reply.header('Set-Cookie', 'order=3');
  }

  @Post('redirect')
  @Redirect('/elsewhere', 303)
  @Idempotent()
  redirect() {
    effects.runs++;
  }

  @Delete('empty')
  @HttpCode(204)
  @Idempotent()
  empty() {
    effects.runs++;
  }

  @Post('number')
  @Idempotent()
  number() {
    return ++effects.runs;
  }

  @Post('file')
  @Idempotent()
  file() {
    effects.runs++;
    return new StreamableFile(Readable.from([Buffer.from([0, 255]), Buffer.from([128, 7])]), {
      type: 'image/png',
      disposition: 'attachment; filename="a.png"',
    });
  }

  @Post('stream')
  @Idempotent()
  stream() {
    effects.runs++;
    return Readable.from(['one,', 'two']);
  }

  @Post('buffer')
  @Idempotent()
  buffer() {
    effects.runs++;
    return Buffer.from([1, 2, 250]);
  }

  @Post('error')
  @UseFilters(OutOfStockFilter)
  @Idempotent({ rememberError: (error) => error instanceof OutOfStock })
  error() {
    effects.runs++;
    throw new OutOfStock('none left');
  }

  @Post('conflict')
  @Idempotent({ rememberError: (error) => error instanceof ConflictException })
  conflict() {
    effects.runs++;
    throw new ConflictException('taken');
  }

  @Post('long')
  @Idempotent()
  long(@Body() { bytes }: { bytes: number }) {
    effects.runs++;
    return new StreamableFile(Readable.from([Buffer.alloc(bytes / 2), Buffer.alloc(bytes / 2)]));
  }

  @Post('long-text')
  @Idempotent()
  longText(@Body() { bytes }: { bytes: number }) {
    effects.runs++;
    return 'x'.repeat(bytes);
  }

  @Post('bigint')
  @Idempotent()
  bigint() {
    effects.runs++;
    return { count: 7n };
  }
}

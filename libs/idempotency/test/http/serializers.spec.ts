import { randomUUID } from 'node:crypto';
import { ClassSerializerInterceptor, Controller, Post, UseInterceptors, type Provider } from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Exclude } from 'class-transformer';
import { Idempotent, MemoryIdempotencyStore } from '../../src';
import { ADAPTERS, HttpApplication, asFirst } from './http-application';

class Customer {
  readonly id = 'C1';
  @Exclude() readonly secret = 'hidden';
}

@Controller('customers')
class Plain {
  @Post()
  @Idempotent()
  create() {
    return new Customer();
  }
}

@Controller('customers')
@UseInterceptors(ClassSerializerInterceptor)
class OnClass extends Plain {}

const everywhere: Provider = { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor };

describe.each(ADAPTERS)('on %s, what @Exclude() hides', (adapter) => {
  it.each([
    { level: 'its class', controllers: [OnClass] },
    { level: 'a module', controllers: [Plain], providers: [everywhere] },
    { level: 'the application', controllers: [Plain], isGlobal: true },
  ])(
    'is in no answer and no record, with the serializer on $level',
    async ({ isGlobal = false, ...parts }) => {
      const store = new MemoryIdempotencyStore();
      const app = await HttpApplication.open(adapter, {
        ...parts,
        store,
        configure: (nest) =>
          isGlobal && nest.useGlobalInterceptors(new ClassSerializerInterceptor(nest.get(Reflector))),
      });
      const key = randomUUID();
      const answers = [await app.post('/customers', key), await app.post('/customers', key)];
      await app.close();
      expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(2).fill([201, '{"id":"C1"}']));
      expect(answers.map(asFirst)[1]).toEqual(answers[0]);
      const scope = `${parts.controllers[0]?.name}.create`;
      const { record } = await store.find({ scope, key });
      expect(record).toBeDefined();
      expect(JSON.stringify(record)).not.toContain('hidden');
    },
  );
});

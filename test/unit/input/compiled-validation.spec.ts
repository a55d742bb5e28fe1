import { ValidateNested, validateSync } from 'class-validator';
import { plainToInstance } from 'class-transformer';
import fc from 'fast-check';
import { CompiledValidation } from '../../../src/input/compiled-validation';
import { PaymentMessage } from '../../../src/payment/payment.dto';

const validation = new CompiledValidation(PaymentMessage, 'refused');

const text = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.constantFrom('PAY-001', 'USD', 'JPY', 'usd', '', '4242424242424242', 'a@example.com', 'two\nlines'),
);
const value = fc.oneof(text, fc.double(), fc.integer(), fc.constant(null), fc.constant([]), fc.object());
const names = ['paymentId', 'amount', 'customerId', 'currency', 'paymentMethodId', 'receiptEmail'];
const valid = { paymentId: 'PAY-001', amount: 99.99, customerId: 'CUST-001' };
const bodies = fc
  .dictionary(fc.oneof(fc.constantFrom(...names, 'idempotencyKey', 'other')), value, { maxKeys: 3 })
  .map((changes) => ({ ...valid, ...changes }));

describe('compiled validation', () => {
  it('finds what class-validator finds in an object of class-transformer', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        const expected = validateSync(plainToInstance(PaymentMessage, body, { exposeDefaultValues: false }), {
          whitelist: true,
          forbidNonWhitelisted: true,
        });
        const found = validation.errorsOf(validation.instanceOf(body));
        const facts = (errors: typeof found) =>
          errors.map(({ property, constraints }) => ({ property, constraints }));
        expect(facts(found)).toEqual(facts(expected));
      }),
      { numRuns: 500 },
    );
  });

  it('gives an object without initial values, so that a missing field is missed', () => {
    const { amount, customerId } = valid;
    const [error] = validation.errorsOf(validation.instanceOf({ amount, customerId }));
    expect(error).toMatchObject({ property: 'paymentId', value: undefined });
  });

  it('leaves out unknown fields if they are not to be refused', () => {
    const tolerant = new CompiledValidation(PaymentMessage, 'left-out');
    const instance = tolerant.instanceOf({ ...valid, other: 1 });
    expect(instance).toEqual(tolerant.instanceOf(valid));
    expect(tolerant.errorsOf(instance)).toEqual([]);
  });

  it('leaves out names that would change what the object is', () => {
    const instance = validation.instanceOf(
      JSON.parse('{ "__proto__": { "amount": 1 }, "toString": 1 }') as object,
    );
    expect(Object.keys(instance)).toEqual([]);
    expect(instance).toBeInstanceOf(PaymentMessage);
  });

  it('refuses a class with rules that it cannot look up once', () => {
    class Nested {
      @ValidateNested()
      readonly inner: object = {};
    }
    const nested = new CompiledValidation(Nested, 'refused');
    expect(() => nested.errorsOf(nested.instanceOf({}))).toThrow(
      'Nested.inner: nestedValidation cannot be compiled',
    );
  });
});

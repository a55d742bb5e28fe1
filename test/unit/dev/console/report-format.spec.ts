import fc from 'fast-check';
import '../../../support/fixed-seed';
import { NO_COUNTS, type Happening } from '../../../../src/dev/console/activity';
import { sum } from '../../../../src/dev/console/counting';
import { readReport } from '../../../../src/dev/console/report-format';
import { aReport, EACH_KIND } from './a-report';

const read = (value: unknown) => readReport(Buffer.from(JSON.stringify(value)));
const withHappening = (happening: unknown) => ({ ...aReport(), happenings: [EACH_KIND.released, happening] });

/** JSON values that are invalid for a number in a report. */
const NO_NUMBERS = ['null', '"1"', 'true', '[]', '{}', '-1', '1e999', '-1e999', '1e300'];
/** JSON values that are invalid for a string. */
const NO_TEXTS = [
  'null',
  '1',
  'false',
  '[]',
  '{}',
  JSON.stringify('x'.repeat(766)),
  '"a\\u202eb"',
  '"a\\nb"',
];

interface Place {
  readonly path: string;
  /** Takes JSON text, because not all of it can be produced from a value. */
  readonly put: (json: string) => string;
  readonly value: unknown;
}

/** Every place in a value, with its content. */
function placesIn(value: object, put: Place['put'], path = ''): Place[] {
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const around = (json: string) =>
      put(JSON.stringify({ ...value, [name]: '@' }).replace('"@"', () => json));
    const place = { path: `${path}.${name}`, put: around, value: member };
    const inside = typeof member === 'object' && member !== null && !Array.isArray(member);
    return [place, ...(inside ? placesIn(member, around, place.path) : [])];
  });
}

const inReport = placesIn({ ...aReport(), happenings: [] }, (json) => json);
const inHappenings = Object.values<Happening>(EACH_KIND).flatMap((happening) =>
  placesIn(
    happening,
    (json) => JSON.stringify(withHappening('@')).replace('"@"', () => json),
    happening.kind,
  ),
);
const PLACES = [...inReport, ...inHappenings];
const placesOf = (type: string) => PLACES.filter(({ value }) => typeof value === type);

/** The wrong values that were accepted, with their places: there should be none. */
function passedIn(places: readonly Place[], wrong: readonly string[]): string[] {
  return places.flatMap(({ path, put }) =>
    wrong.filter((json) => readReport(Buffer.from(put(json)))).map((json) => `${path} ${json.slice(0, 40)}`),
  );
}

describe('a report from the broker', () => {
  it('is accepted unchanged with every kind of event', () => {
    expect(read(aReport())).toEqual(aReport());
  });

  it('is accepted without unknown fields', () => {
    const extra = { extra: 'x', constructor: 1, ['__proto__']: { kind: 'dead' } };
    const happenings = aReport().happenings.map((happening) => ({ ...happening, ...extra }));
    const counts = { ...NO_COUNTS, published: 2, ...extra };
    expect(read({ ...aReport(), ...extra, counts, happenings })).toEqual(aReport());
    const nested = {
      ...EACH_KIND.published,
      payment: { ...EACH_KIND.published.payment, receiptEmail: 'a@b' },
    };
    expect(JSON.stringify(read(withHappening(nested)))).not.toContain('a@b');
  });

  it('is accepted without the optional fields', () => {
    const { paymentId, amount, customerId } = EACH_KIND.published.payment;
    const published = { ...EACH_KIND.published, payment: { paymentId, amount, customerId } };
    const finished = { ...EACH_KIND.finished, result: { status: 'succeeded' } };
    expect(read(aReport({ happenings: [published, finished] }))?.happenings).toEqual([published, finished]);
  });

  it('is dropped if a number has another type or is out of range', () => {
    expect(passedIn(placesOf('number'), NO_NUMBERS)).toEqual([]);
  });

  it('is dropped if a string has another type or is too long', () => {
    expect(passedIn(placesOf('string'), NO_TEXTS)).toEqual([]);
  });

  it('is dropped if an object or a list has another type', () => {
    const wrong = ['null', '1', '"text"', '[null]', '[1]', '[[]]', '{"length":1}'];
    expect(passedIn(placesOf('object'), wrong)).toEqual([]);
  });

  it('is dropped if a required field is missing', () => {
    const optional = /currency|paymentMethodId|result\.(?!status)/;
    const missing = PLACES.filter(({ path }) => !optional.test(path)).filter(({ path, put }) => {
      const name = path.split('.').at(-1) ?? '';
      return readReport(Buffer.from(put('"@"').replace(`"${name}":"@"`, '"other":0')));
    });
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  it.each(['exploded', 'toString', '__proto__', 'constructor', ''])(
    'is dropped completely for an event of the kind %p',
    (kind) => {
      expect(read(withHappening({ ...EACH_KIND.released, kind }))).toBeUndefined();
    },
  );

  it('is dropped for an invalid payment key', () => {
    const keyed = (key: string) => read(withHappening({ ...EACH_KIND.released, key }));
    expect(['', 'x'.repeat(255)].filter((key) => !keyed(key))).toEqual([]);
    expect(['two words', 'ümlaut', 'x'.repeat(256)].filter(keyed)).toEqual([]);
  });

  it('is dropped for a duplicate without a source, a fraction of a copy, and an invalid date', () => {
    const wrong = [
      { ...EACH_KIND.duplicate, from: 'elsewhere' },
      { ...EACH_KIND.published, copies: 0.5 },
      { ...EACH_KIND.released, at: 8.65e15 },
    ];
    expect(wrong.map((happening) => read(withHappening(happening)))).toEqual(wrong.map(() => undefined));
  });

  it('is dropped with more than 200 events', () => {
    const full = { ...aReport(), happenings: Array.from({ length: 200 }, () => EACH_KIND.released) };
    expect(read(full)?.happenings).toHaveLength(200);
    expect(read({ ...full, happenings: [...full.happenings, EACH_KIND.released] })).toBeUndefined();
  });

  it('is dropped above 256 kB without being parsed', () => {
    const json = JSON.stringify(aReport());
    const padded = (bytes: number) => Buffer.from(json + ' '.repeat(bytes - Buffer.byteLength(json)));
    expect(readReport(padded(256 * 1024))).toEqual(aReport());
    expect(readReport(padded(256 * 1024 + 1))).toBeUndefined();
  });

  it('is dropped if it is not a JSON object, at any depth', () => {
    const texts = [
      '',
      '{',
      'null',
      '[]',
      '7',
      '"text"',
      '\u0000',
      '['.repeat(100_000),
      '{"a":'.repeat(40_000),
    ];
    expect(texts.filter((text) => readReport(Buffer.from(text)))).toEqual([]);
  });
});

const anything = fc.oneof(
  fc.json({ maxDepth: 2 }).map((json): unknown => JSON.parse(json)),
  fc.constantFrom<unknown>(
    null,
    -1,
    0.5,
    1e9,
    2 ** 53,
    8.64e15,
    '',
    'x'.repeat(765),
    'x'.repeat(766),
    [],
    {},
  ),
);
/** A valid report in which some places have other values. */
const nearlyGenuine = fc
  .tuple(fc.constantFrom(...PLACES), anything)
  .map(([{ put }, value]) => put(JSON.stringify(value)));

describe('whatever is sent', () => {
  it('is either dropped or becomes a report that can be counted and read again', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyGenuine, fc.json()), (json) => {
        const report = readReport(Buffer.from(json));
        if (report === undefined) return;
        expect(readReport(Buffer.from(JSON.stringify(report)))).toEqual(report);
        for (const count of Object.values(sum(report.counts, report.counts)))
          expect(Number.isSafeInteger(count) && count >= 0 && count <= 2e9).toBe(true);
        for (const happening of report.happenings) {
          expect(Object.keys(EACH_KIND)).toContain(happening.kind);
          expect(Object.keys(happening).sort()).toEqual(Object.keys(EACH_KIND[happening.kind]).sort());
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

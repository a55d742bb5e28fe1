import fc from 'fast-check';
import '../../support/fixed-seed';
import { NO_COUNTS, type Happening } from '../../../src/console/activity';
import { sum } from '../../../src/console/counting';
import { readReport } from '../../../src/console/report-format';
import { aReport, EACH_KIND } from './a-report';

const read = (value: unknown) => readReport(Buffer.from(JSON.stringify(value)));
const withHappening = (happening: unknown) => ({ ...aReport(), happenings: [EACH_KIND.released, happening] });

/** What no number of a report may be, as JSON writes it. */
const NO_NUMBERS = ['null', '"1"', 'true', '[]', '{}', '-1', '1e999', '-1e999', '1e300'];
/** What no text may be. */
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
  /** What would be put there is JSON already, because not all of it can be written from a value. */
  readonly put: (json: string) => string;
  readonly value: unknown;
}

/** Every place of a value, with what it holds. */
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

/** Which of these were passed on, and where: none should be. */
function passedIn(places: readonly Place[], wrong: readonly string[]): string[] {
  return places.flatMap(({ path, put }) =>
    wrong.filter((json) => readReport(Buffer.from(put(json)))).map((json) => `${path} ${json.slice(0, 40)}`),
  );
}

describe('a report from the broker', () => {
  it('is passed on as it was sent, with every kind of happening', () => {
    expect(read(aReport())).toEqual(aReport());
  });

  it('is passed on without the fields that nobody asked for', () => {
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

  it('may do without what is optional', () => {
    const { paymentId, amount, customerId } = EACH_KIND.published.payment;
    const published = { ...EACH_KIND.published, payment: { paymentId, amount, customerId } };
    const finished = { ...EACH_KIND.finished, result: { status: 'succeeded' } };
    expect(read(aReport({ happenings: [published, finished] }))?.happenings).toEqual([published, finished]);
  });

  it('is dropped where a number is anything else, or out of range', () => {
    expect(passedIn(placesOf('number'), NO_NUMBERS)).toEqual([]);
  });

  it('is dropped where a text is anything else, or too long', () => {
    expect(passedIn(placesOf('string'), NO_TEXTS)).toEqual([]);
  });

  it('is dropped where an object or a list is anything else', () => {
    const wrong = ['null', '1', '"text"', '[null]', '[1]', '[[]]', '{"length":1}'];
    expect(passedIn(placesOf('object'), wrong)).toEqual([]);
  });

  it('is dropped where anything is missing that is not optional', () => {
    const optional = /currency|paymentMethodId|result\.(?!status)/;
    const missing = PLACES.filter(({ path }) => !optional.test(path)).filter(({ path, put }) => {
      const name = path.split('.').at(-1) ?? '';
      return readReport(Buffer.from(put('"@"').replace(`"${name}":"@"`, '"other":0')));
    });
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  it.each(['exploded', 'toString', '__proto__', 'constructor', ''])(
    'is dropped whole for a happening of the kind %p',
    (kind) => {
      expect(read(withHappening({ ...EACH_KIND.released, kind }))).toBeUndefined();
    },
  );

  it('is dropped for a key that no payment can have', () => {
    const keyed = (key: string) => read(withHappening({ ...EACH_KIND.released, key }));
    expect(['', 'x'.repeat(255)].filter((key) => !keyed(key))).toEqual([]);
    expect(['two words', 'ümlaut', 'x'.repeat(256)].filter(keyed)).toEqual([]);
  });

  it('is dropped for a duplicate from nowhere, for copies of a half and for a moment that no calendar has', () => {
    const wrong = [
      { ...EACH_KIND.duplicate, from: 'elsewhere' },
      { ...EACH_KIND.published, copies: 0.5 },
      { ...EACH_KIND.released, at: 8.65e15 },
    ];
    expect(wrong.map((happening) => read(withHappening(happening)))).toEqual(wrong.map(() => undefined));
  });

  it('is dropped with more than 200 happenings', () => {
    const full = { ...aReport(), happenings: Array.from({ length: 200 }, () => EACH_KIND.released) };
    expect(read(full)?.happenings).toHaveLength(200);
    expect(read({ ...full, happenings: [...full.happenings, EACH_KIND.released] })).toBeUndefined();
  });

  it('is dropped above 256 kB without being read, whatever is in it', () => {
    const json = JSON.stringify(aReport());
    const padded = (bytes: number) => Buffer.from(json + ' '.repeat(bytes - Buffer.byteLength(json)));
    expect(readReport(padded(256 * 1024))).toEqual(aReport());
    expect(readReport(padded(256 * 1024 + 1))).toBeUndefined();
  });

  it('is nothing where there is no JSON object, however deep it goes', () => {
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
/** A genuine report in which some of the places hold something else. */
const nearlyGenuine = fc
  .tuple(fc.constantFrom(...PLACES), anything)
  .map(([{ put }, value]) => put(JSON.stringify(value)));

describe('whatever is sent', () => {
  it('comes out as a report or not at all, and can be counted and read again', () => {
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

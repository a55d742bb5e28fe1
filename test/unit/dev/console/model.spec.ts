import { NO_COUNTS, type Happening, type Report } from '../../../../src/dev/console/activity';
import { Model } from '../../../../src/dev/console/page/model';

function report(overrides: Partial<Report> = {}): Report {
  return {
    process: 'one',
    at: Date.now(),
    inProgress: 0,
    counts: NO_COUNTS,
    happenings: [],
    omitted: 0,
    ...overrides,
  };
}
const started = (key: string): Happening => ({
  kind: 'started',
  key,
  at: Date.now(),
  attempt: 1,
  fencingToken: 1,
  leaseMs: 1_000,
});
const depths = (dead: number) => ({ ready: 0, waiting: 0, dead });

describe('the model behind the page', () => {
  afterEach(() => jest.restoreAllMocks());

  it('adds up the payments in progress of all processes', () => {
    const model = new Model();
    model.apply(report({ process: 'one', inProgress: 2 }), NO_COUNTS);
    model.apply(report({ process: 'two', inProgress: 3 }), NO_COUNTS);
    expect(model.processes).toEqual({ names: ['one', 'two'], inProgress: 5 });
  });

  it('drops a process that is gone, and its payments in progress', () => {
    const model = new Model();
    const now = Date.now();
    model.apply(report({ process: 'gone', inProgress: 2, at: now - 60_000 }), NO_COUNTS);
    model.apply(report({ process: 'alive', inProgress: 1, at: now }), NO_COUNTS);
    expect(model.processes).toEqual({ names: ['alive'], inProgress: 1 });
  });

  it('counts per second', () => {
    const model = new Model();
    model.apply(report({ counts: { ...NO_COUNTS, charged: 2 } }), NO_COUNTS);
    model.apply(report({ counts: { ...NO_COUNTS, charged: 1, duplicates: 4 } }), NO_COUNTS);
    const charged = model.seconds().reduce((all, counts) => all + counts.charged, 0);
    expect([model.seconds().length, charged]).toEqual([60, 3]);
  });

  it('knows how many payments are processing at the gateway, until they end', () => {
    const model = new Model();
    const facts = { key: 'one', at: Date.now() };
    const processing: Happening = { ...facts, kind: 'finished', result: { status: 'processing' } };
    const ended: Happening = { ...facts, kind: 'ended', result: { status: 'succeeded' } };
    const numbers = [[processing, { ...processing, key: 'two' }], [ended], [processing]].map((happenings) => {
      model.apply(report({ happenings }), NO_COUNTS);
      return model.processing;
    });
    expect(numbers).toEqual([2, 1, 1]);
  });

  it('keeps only the latest payments', () => {
    const model = new Model();
    const happenings = Array.from({ length: 500 }, (_, index) => started(`key-${index}`));
    model.apply(report({ happenings }), NO_COUNTS);
    expect([model.payments.size, model.payments.has('key-0'), model.payments.has('key-499')]).toEqual([
      300,
      false,
      true,
    ]);
  });

  it('still counts the other events if one of them is invalid', () => {
    jest.spyOn(console, 'error').mockReturnValue();
    const broken = [null, { ...started('broken'), kind: 'published' }, { ...started('x'), kind: 'finished' }];
    const happenings = [...broken, started('genuine')] as Happening[];
    const live = new Model();
    live.apply(report({ happenings }), { ...NO_COUNTS, charged: 9 });
    const late = new Model();
    const reports = [report({ happenings }), null as unknown as Report];
    late.reset({ totals: { ...NO_COUNTS, charged: 9 }, reports });
    for (const model of [live, late])
      expect([model.payments.get('genuine')?.state, model.totals.charged]).toEqual(['working', 9]);
  });

  it('keeps at most 100 processes, those with the latest reports', () => {
    const model = new Model();
    for (let number = 0; number < 1_000; number++) model.apply(report({ process: `p-${number}` }), NO_COUNTS);
    model.apply(report({ process: 'p-950' }), NO_COUNTS);
    const { names } = model.processes;
    expect([names.length, names[0], names.at(-1)]).toEqual([100, 'p-900', 'p-950']);
  });

  it('is replaced by a snapshot', () => {
    const model = new Model();
    model.apply(report({ happenings: [started('old')], omitted: 3 }), NO_COUNTS);
    model.reset({
      totals: { ...NO_COUNTS, charged: 9 },
      reports: [report({ happenings: [started('new')] })],
    });
    expect([[...model.payments.keys()], model.totals.charged, model.omitted]).toEqual([['new'], 9, 0]);
  });

  it('shows a number of dead letters only when it is seen twice, because a reader holds them for a moment', () => {
    const model = new Model();
    const seen = [2, 0, 2, 2, 1, 1].map((dead) => {
      model.setDepths(depths(dead));
      return model.deadLetters;
    });
    expect(seen).toEqual([2, 2, 2, 2, 2, 1]);
  });

  it('shows no number while the broker reports none', () => {
    const model = new Model();
    model.setDepths(depths(2));
    model.setDepths(null);
    expect(model.deadLetters).toBeUndefined();
  });
});

import { casesIn } from '../../../bench/cases';
import { selected } from '../../../bench/groups';

const namesOf = (text: string) =>
  selected('full', text)
    .flatMap(casesIn)
    .map(({ name }) => name);

describe('the cases of the benchmark that --only selects', () => {
  it('are the one with exactly this name, although other names contain it', () => {
    expect(namesOf('engine, new keys: ours')).toEqual(['engine, new keys: ours']);
  });

  it('are all whose names contain the text, if none has it as its name', () => {
    expect(namesOf('handler, new keys')).toEqual([
      'handler, new keys: none',
      'handler, new keys: pass-through interceptor',
      'handler, new keys: @Idempotent',
    ]);
  });

  it('include the new keys that duplicates need before them', () => {
    expect(namesOf('engine, duplicates: tutorial')).toEqual([
      'engine, new keys: tutorial',
      'engine, duplicates: tutorial',
    ]);
  });

  it('are all cases of a group by its name', () => {
    expect(namesOf('postgres, prefetch 1')).toEqual(
      ['ours', 'hand-written'].flatMap((variant) => [
        `postgres, prefetch 1, new keys: ${variant}`,
        `postgres, prefetch 1, duplicates: ${variant}`,
      ]),
    );
  });

  it('are none for an unknown name', () => {
    expect(namesOf('engine, old keys')).toEqual([]);
  });
});

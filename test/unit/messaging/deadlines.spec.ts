import { Deadlines } from '../../../src/messaging/deadlines';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function passing() {
  const deadlines = new Deadlines(5_000);
  const passed: string[] = [];
  const add = (name: string) => deadlines.add(() => passed.push(name));
  return { add, passed };
}

describe('a deadline', () => {
  it('passes after its time, and once', () => {
    const { add, passed } = passing();
    add('one');
    jest.advanceTimersByTime(4_999);
    expect(passed).toEqual([]);
    jest.advanceTimersByTime(20_000);
    expect(passed).toEqual(['one']);
  });

  it('does not pass if it is removed before', () => {
    const { add, passed } = passing();
    const remove = add('removed');
    add('kept');
    remove();
    jest.advanceTimersByTime(20_000);
    expect(passed).toEqual(['kept']);
  });
});

describe('deadlines that are added one after the other', () => {
  it('pass at their own times, oldest first', () => {
    const { add, passed } = passing();
    add('first');
    jest.advanceTimersByTime(3_000);
    add('second');
    jest.advanceTimersByTime(2_500);
    expect(passed).toEqual(['first']);
    jest.advanceTimersByTime(3_000);
    expect(passed).toEqual(['first', 'second']);
  });

  it('pass although all earlier ones were removed', () => {
    const { add, passed } = passing();
    add('answered')();
    jest.advanceTimersByTime(4_000);
    add('late');
    jest.advanceTimersByTime(20_000);
    expect(passed).toEqual(['late']);
  });

  it('can be added when one passes', () => {
    const deadlines = new Deadlines(5_000);
    const passed: string[] = [];
    deadlines.add(() => deadlines.add(() => passed.push('next')));
    jest.advanceTimersByTime(20_000);
    expect(passed).toEqual(['next']);
  });
});

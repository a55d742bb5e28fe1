import { takeCrashes } from './child-process';

/** A program under test with an unhandled error fails the spec that started it, whatever that spec checks. */
function expectNoCrash(): void {
  const crashes = takeCrashes();
  if (crashes.length > 0) throw new Error(`a program had an unhandled error:\n${crashes.join('\n\n')}`);
}

afterEach(expectNoCrash);
afterAll(expectNoCrash);

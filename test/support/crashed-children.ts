import { takeCrashes } from './child-process';

/** A program under test that died of an error nobody handled fails the spec that started it, whatever that looks at. */
function expectNoCrash(): void {
  const crashes = takeCrashes();
  if (crashes.length > 0)
    throw new Error(`a program ended by an error that nobody handled:\n${crashes.join('\n\n')}`);
}

afterEach(expectNoCrash);
afterAll(expectNoCrash);

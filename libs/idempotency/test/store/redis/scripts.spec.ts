import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { embedded, FOLDER } from '../../../scripts/embed-lua';

describe('the Lua scripts', () => {
  it('are embedded as they are in their files; otherwise run node libs/idempotency/scripts/embed-lua.js', () => {
    expect(readFileSync(join(FOLDER, 'scripts.ts'), 'utf8')).toBe(embedded(FOLDER));
  });
});

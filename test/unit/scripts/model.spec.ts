import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { variants } from '../../../scripts/model/variants';

const root = resolve(__dirname, '../../..');
const model = readFileSync(join(root, 'docs/model/protocol.pml'), 'utf8');
const page = readFileSync(join(root, 'docs/model/README.md'), 'utf8');

/** The replies in a script's header that the model does not mention. */
function repliesMissingInTheModel(script: string): string[] {
  const source = readFileSync(join(root, 'libs/idempotency/src/stores/redis', script), 'utf8');
  const listed = [...source.matchAll(/^-- {3}\{?('[a-z-]+'|1 |record)/gm)].map(([, reply = '']) =>
    reply.trim(),
  );
  expect(listed).not.toHaveLength(0);
  return listed.filter((reply) => !model.includes(reply.startsWith("'") ? reply : `/* ${reply}`));
}

describe('the model of the protocol', () => {
  it('names files that exist', () => {
    const named = [...model.matchAll(/(?:libs|src)\/[\w./-]+\.(?:ts|lua)/g)].map(([file]) => file);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it.each([
    // The model has no fingerprints, no delayed or exhausted attempts, no wrong clocks; the page says so.
    {
      script: 'begin.lua',
      unknown: ["'idempotency-key-reused'", "'not-due'", "'retries-exhausted'", "'from-the-future'"],
    },
    { script: 'complete.lua', unknown: [] },
    { script: 'release.lua', unknown: [] },
    // Extending a lease does not change the state of the model.
    { script: 'extend.lua', unknown: ["'extended'"] },
  ])('contains every reply of $script', ({ script, unknown }) => {
    expect(repliesMissingInTheModel(script)).toEqual(unknown);
  });

  it('has every define that a check sets', () => {
    const names = variants.flatMap(({ defines }) => defines.map((define) => define.replace(/=.*/, '')));
    expect(names.filter((name) => !new RegExp(`#ifn?def ${name}\\b`).test(model))).toEqual([]);
  });
});

describe("the page's table of verdicts", () => {
  it.each(variants)('has the check: $name', ({ name, expected }) => {
    const row = page.split('\n').find((line) => line.startsWith(`| ${name} `));
    expect(row?.split('|').map((cell) => cell.trim())).toContain(expected);
  });
});

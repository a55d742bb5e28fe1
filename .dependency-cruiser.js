// Imports point one way. ESLint says the same in the editor; here it is checked between resolved files, together with
// what no single file shows: cycles.

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'library-stands-alone',
      comment: 'It is a package of its own: it knows no payment, no topology and no environment.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^src/' },
    },
    {
      name: 'library-through-its-package',
      comment: 'Only what the package exports is public: import it as nestjs-idempotent.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^libs/[^/]+/src/' },
    },
    {
      name: 'engine-knows-no-handlers',
      comment:
        'handlers use the engine, the engine uses stores, and these use nothing but the errors of the engine.',
      severity: 'error',
      from: { path: '^libs/idempotency/src/(engine|stores)/' },
      to: { path: '^libs/idempotency/src/(handlers/|testing/|[^/]+\\.ts$)' },
    },
    {
      name: 'root-entry-without-brokers-and-clients',
      comment: 'Who uses the library over HTTP alone installs neither a broker’s nor a store’s client.',
      severity: 'error',
      from: {
        path: '^libs/idempotency/src/',
        pathNot:
          '^libs/idempotency/src/(stores/redis/|handlers/(microservices/|(rabbitmq-[a-z]+|microservices-handler)\\.ts$))',
      },
      to: {
        path: '(^|/)node_modules/(amqplib|ioredis|pg|@golevelup/nestjs-rabbitmq|@nestjs/microservices|@nestjs/graphql|graphql)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'client-stands-alone',
      comment:
        'It runs in any program, also in browsers: no package, and nothing of the server but the rule of a key.',
      severity: 'error',
      from: { path: '^libs/idempotency/src/client(/|\\.ts$)' },
      to: { pathNot: '^libs/idempotency/src/(client/|engine/idempotency-key\\.ts$)' },
    },
    {
      name: 'dev-is-not-imported',
      comment: 'The production image has none of it; main.ts loads it only if it is there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(dev/|main\\.ts$)' },
      to: { path: '^src/dev/' },
    },
    {
      name: 'console-knows-no-sandbox',
      comment: 'It talks to the gateway, sandbox or not, over HTTP.',
      severity: 'error',
      from: { path: '^src/dev/', pathNot: '^src/dev/sandbox/' },
      to: { path: '^src/dev/sandbox/' },
    },
    {
      name: 'sandbox-stands-alone',
      comment:
        'It is a process of its own that stands in for the gateway. But what protects a server from foreign requests ' +
        'on this machine is the same for both, in two files that import nothing themselves.',
      severity: 'error',
      from: { path: '^src/dev/sandbox/' },
      to: {
        path: '^src/',
        pathNot: '^src/(dev/sandbox/|text/message-of\\.ts$|http/(foreign-requests|slow-requests)\\.ts$)',
      },
    },
    {
      name: 'config-stands-alone',
      comment:
        'But for the table of currencies, which imports nothing itself: a default must be one of them.',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/', pathNot: '^src/(config/|money/currencies\\.ts$)' },
    },
    {
      name: 'messaging-knows-no-payment',
      comment: 'payment and payment-publisher use messaging, not the other way round.',
      severity: 'error',
      from: { path: '^src/messaging/' },
      to: { path: '^src/(payment|payment-publisher|notification|operations|dev)/' },
    },
    {
      name: 'ledger-knows-no-payment',
      comment:
        'payment, notification and the tools use the ledger, which uses only the settings and what checks input.',
      severity: 'error',
      from: { path: '^src/ledger/' },
      to: { path: '^src/', pathNot: '^src/(ledger|config|text|input|http)/' },
    },
    {
      name: 'postgresql-behind-the-ledger',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ledger/' },
      to: { path: '(^|/)node_modules/pg/' },
    },
    {
      name: 'consumer-knows-no-publisher',
      severity: 'error',
      from: { path: '^src/payment/' },
      to: { path: '^src/payment-publisher/' },
    },
    {
      name: 'text-and-input-stand-alone',
      comment: 'Checks of text and values from outside: everything may use them.',
      severity: 'error',
      from: { path: '^src/(text|input|money)/' },
      to: { path: '^src/', pathNot: '^src/(text|input|money)/' },
    },
    {
      name: 'metrics-and-tracing-on-the-ground',
      comment: 'Whatever is counted or traced imports them, so they import nothing of it.',
      severity: 'error',
      from: { path: '^src/observability/(metrics|tracing|[^/]+\\.ts$)' },
      to: {
        path: '^src/',
        pathNot: '^src/(config|text|observability/(metrics|tracing|[^/]+\\.ts$))',
      },
    },
    {
      name: 'health-logging-and-start-report-on-top',
      comment: 'They look at everything, so nothing below the start may look at them.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/observability/' },
      to: { path: '^src/observability/(health|logging|start-report)/' },
    },
    {
      name: 'start-is-not-imported',
      comment: 'main.ts and app.module.ts put everything together; nothing is built on them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/[^/]+\\.ts$' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'redis-behind-the-store',
      comment: 'Only the store’s Redis implementation, the wiring and the health check know the client.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(redis/|operations/reconciliation/reconciliation\\.module\\.ts$|observability/health/redis\\.health\\.ts$|[^/]+\\.ts$)',
      },
      to: { path: '(^|/)node_modules/ioredis/' },
    },
    {
      name: 'no-development-packages-in-the-service',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|^libs/[^/]+/dist/' },
    exclude: { path: '\\.lua$|^libs/[^/]+/scripts/' },
  },
};

-- Events that are not published yet: the table of the library's outbox, as its outboxSchema() says. If a version of the library
-- says something else, add a file with the difference. IF NOT EXISTS: in a ledger older than this file, the library made it.

CREATE TABLE IF NOT EXISTS payment_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY,
  scope text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  exchange text NOT NULL,
  routing_key text NOT NULL,
  content text NOT NULL,
  headers text NOT NULL,
  message_key text NOT NULL,
  created_at bigint NOT NULL,
  due_at bigint NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, key, id)
);

CREATE INDEX IF NOT EXISTS payment_outbox_due_at ON payment_outbox (due_at, id);

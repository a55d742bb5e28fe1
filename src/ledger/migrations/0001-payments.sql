-- The ledger: one row for each payment, and what happened to it. A rule of the service that must never be broken is a
-- constraint or a trigger here, so that the database refuses what the code should never do.

CREATE TABLE payments (
  key text COLLATE "C" PRIMARY KEY,
  payment_id text NOT NULL,
  -- A pseudonym once the customer is forgotten.
  customer_id text NOT NULL,
  amount_minor_units bigint NOT NULL CHECK (amount_minor_units > 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Of the request, as in the record; null once the customer is forgotten.
  fingerprint text,
  status text NOT NULL CHECK (status IN ('in-progress', 'processing', 'succeeded', 'declined', 'failed')),
  charge_id text COLLATE "C" UNIQUE,
  decline_code text,
  attempts integer NOT NULL CHECK (attempts > 0),
  first_seen_at timestamptz NOT NULL,
  -- Since when the gateway has accepted it without an outcome, and when to ask for that next.
  processing_since timestamptz,
  look_at timestamptz,
  settled_at timestamptz,
  CHECK ((status IN ('succeeded', 'declined', 'failed')) = (settled_at IS NOT NULL)),
  CHECK (status NOT IN ('processing', 'succeeded', 'failed') OR charge_id IS NOT NULL),
  CHECK ((status IN ('declined', 'failed')) = (decline_code IS NOT NULL)),
  CHECK ((status = 'processing') = (look_at IS NOT NULL)),
  CHECK (status <> 'processing' OR processing_since IS NOT NULL)
) WITH (fillfactor = 80);

CREATE INDEX payments_look_at ON payments (look_at) WHERE status = 'processing';
CREATE INDEX payments_first_seen_at ON payments (first_seen_at DESC, key DESC);
CREATE INDEX payments_customer_id ON payments (customer_id, first_seen_at DESC, key DESC);
-- Those that ended long after they were first seen.
CREATE INDEX payments_ended_later ON payments (settled_at DESC, key DESC)
  WHERE processing_since IS NOT NULL AND settled_at IS NOT NULL;

CREATE FUNCTION refuse_payment_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a payment is never deleted' USING ERRCODE = 'check_violation';
  END IF;
  IF (NEW.key, NEW.payment_id, NEW.amount_minor_units, NEW.currency, NEW.first_seen_at)
      IS DISTINCT FROM (OLD.key, OLD.payment_id, OLD.amount_minor_units, OLD.currency, OLD.first_seen_at) THEN
    RAISE EXCEPTION 'key, payment, amount, currency and first sight of a payment never change' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.fingerprint IS DISTINCT FROM OLD.fingerprint AND NEW.fingerprint IS NOT NULL THEN
    RAISE EXCEPTION 'the fingerprint of a payment is never another one' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.customer_id <> OLD.customer_id AND NEW.fingerprint IS NOT NULL THEN
    RAISE EXCEPTION 'the customer of a payment only changes when it is forgotten' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.charge_id IS NOT NULL AND NEW.charge_id IS DISTINCT FROM OLD.charge_id THEN
    RAISE EXCEPTION 'a payment has one charge' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.attempts < OLD.attempts THEN
    RAISE EXCEPTION 'the attempts of a payment only grow' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status <> OLD.status AND NOT (
    OLD.status = 'in-progress' OR (OLD.status = 'processing' AND NEW.status IN ('succeeded', 'failed'))
  ) THEN
    RAISE EXCEPTION 'a payment does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER payments_only_go_forward BEFORE UPDATE OR DELETE ON payments
  FOR EACH ROW EXECUTE FUNCTION refuse_payment_change();

CREATE TABLE payment_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text COLLATE "C" NOT NULL REFERENCES payments,
  at timestamptz NOT NULL DEFAULT now(),
  -- What happened: an attempt, a status, or what was done with its message.
  event text NOT NULL,
  -- No personal data.
  detail text
);

CREATE INDEX payment_history_key ON payment_history (key, id);

CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the history of payments is only added to' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER payment_history_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_history
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();

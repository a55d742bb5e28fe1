import '../unit/idempotency/canonical-json.spec';
import '../unit/idempotency/fingerprint.spec';
import '../unit/idempotency/idempotency-key.spec';
import '../unit/idempotency/store/stored-record.spec';
import '../unit/idempotency/store/redis/redis-keys.spec';
import '../unit/idempotency/store/redis/redis-replies.spec';

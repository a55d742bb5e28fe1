import '../../libs/idempotency/test/canonical-json.spec';
import '../../libs/idempotency/test/fingerprint.spec';
import '../../libs/idempotency/test/idempotency-key.spec';
import '../../libs/idempotency/test/store/stored-record.spec';
import '../../libs/idempotency/test/store/redis/redis-keys.spec';
import '../../libs/idempotency/test/store/redis/redis-replies.spec';

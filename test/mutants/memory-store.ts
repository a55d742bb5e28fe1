import '../../libs/idempotency/test/store/memory/memory-idempotency-store.spec';
import '../../libs/idempotency/test/store/deduplication-window.spec';
import '../../libs/idempotency/test/engine-memory.spec';

import '../unit/idempotency/store/memory/memory-idempotency-store.spec';
import '../unit/idempotency/store/deduplication-window.spec';
import '../unit/idempotency/engine-memory.spec';

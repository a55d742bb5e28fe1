export { RedisIdempotencyStore } from './stores/redis/redis-idempotency-store';

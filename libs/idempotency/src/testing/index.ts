export { ManualClock, realClock } from './clocks';
export type { StoreCase, StoreClock } from './store-case';
export { storeContract } from './store-contract';

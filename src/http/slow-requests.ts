/**
 * Limits of an HTTP server for those who send a request byte by byte, to hold as many connections as they like. They are for
 * receiving a request only: an answer, and a stream of events, may take as long as it takes. The sandbox uses this file as
 * well, so it imports nothing of the service.
 */
export const SLOW_REQUEST_LIMITS = {
  /** What is sent here fits into a few packets; ten seconds are for a line that loses most of them. */
  headersTimeout: 10_000,
  /** Headers and body. */
  requestTimeout: 15_000,
  /** How often Node.js looks for those that are over the limits; its default of 30 s would be the limit itself. */
  connectionsCheckingInterval: 1_000,
} as const;

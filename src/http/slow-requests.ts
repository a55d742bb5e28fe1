/**
 * Limits of an HTTP server against clients that send a request byte by byte to hold many connections (Slowloris). They apply
 * only to receiving a request: an answer or an event stream may take any time. The sandbox also uses this file, so it
 * imports nothing from the service.
 */
export const SLOW_REQUEST_LIMITS = {
  /** Headers fit into a few packets; ten seconds allow for a line that loses most of them. */
  headersTimeout: 10_000,
  /** Headers and body. */
  requestTimeout: 15_000,
  /** How often Node.js checks the limits; its default of 30 s would be longer than the limits. */
  connectionsCheckingInterval: 1_000,
} as const;

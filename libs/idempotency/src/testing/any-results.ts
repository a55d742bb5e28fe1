/** Results can be any JSON that a handler returns. */
export const ANY_RESULTS: readonly unknown[] = [
  null,
  false,
  0,
  '',
  -0.1,
  1e21,
  [],
  {},
  [null, [1, 'two', { three: [3] }]],
  {
    text: 'quote " backslash \\ newline \n tab \t NUL \u0000 bell \u0007',
    empty: '',
    nested: { deep: [{}] },
  },
  'Grüße, 世界, 🧾, a lone \u2028 separator',
];

/** Forty times the recommended size of a result; more than one network packet holds. */
export const LARGE_RESULT = 'x'.repeat(40_000);

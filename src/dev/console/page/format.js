/**
 * Keeps every decimal of `amount`: browsers show none for HUF, IDR and others that are charged with two.
 *
 * @param {number | string} amount in major units
 * @param {string | undefined} currency
 */
export function money(amount, currency) {
  if (currency === undefined) return String(amount);
  try {
    const usual = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
    const written = String(amount).split('.')[1]?.length ?? 0;
    const minimumFractionDigits = Math.max(written, usual.minimumFractionDigits ?? 0);
    return new Intl.NumberFormat('en', {
      style: 'currency',
      currency,
      minimumFractionDigits,
      maximumFractionDigits: minimumFractionDigits,
    }).format(Number(amount));
  } catch {
    return `${amount} ${currency}`;
  }
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** @param {number} at milliseconds since 1970 */
export function clock(at) {
  return new Date(at).toLocaleTimeString('en-GB');
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** @param {string} code such as `gateway-unavailable` */
export function inWords(code) {
  return code.replaceAll('-', ' ');
}

/** @param {string} key */
export function shortKey(key) {
  return key.length > 26 ? `${key.slice(0, 12)}…${key.slice(-8)}` : key;
}

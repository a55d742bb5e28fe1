'use strict';

/** @param {number[]} values */
const median = (values) => quantile(values, 0.5);

/**
 * @param {number[]} values
 * @param {number} share 0.5 is the median
 */
function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const [below = NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * @param {number[]} values
 */
const sum = (values) => values.reduce((total, value) => total + value, 0);

module.exports = { median, quantile, sum };

'use strict';

/**
 * `JSON.parse` with an unknown result.
 * @type {(text: string) => unknown}
 */
const parseJson = JSON.parse;

/**
 * The fields of a JSON object; none if the text is anything else.
 * @param {string} text
 * @returns {Partial<Record<string, unknown>>}
 */
function fieldsOf(text) {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/**
 * A field that must be a number.
 * @param {string} text a JSON object
 * @param {string} name
 * @returns {number}
 */
function numberIn(text, name) {
  const value = fieldsOf(text)[name];
  if (typeof value !== 'number') throw new Error(`No number "${name}" in ${text.slice(0, 500)}`);
  return value;
}

module.exports = { fieldsOf, numberIn, parseJson };

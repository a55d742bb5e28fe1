'use strict';

const { freshKeys } = require('./messages');

/** @typedef {import('./groups').Group} Group */
/** @typedef {import('./groups').Pass} Pass */

/**
 * @param {Pass} pass
 * @param {string[]} keys of the pass `new`
 * @returns {string[]}
 */
function keysFor(pass, keys) {
  switch (pass) {
    case 'new':
    case 'duplicates':
      return keys;
    case 'half': {
      const others = freshKeys(keys.length);
      return keys.map((key, index) => (index % 2 === 0 ? key : (others[index] ?? key)));
    }
    case 'hot': {
      const [key = ''] = freshKeys(1);
      return keys.map(() => key);
    }
  }
}

/** @type {Record<Pass, string>} */
const PASS_NAMES = { new: 'new keys', duplicates: 'duplicates', half: 'half duplicates', hot: 'one hot key' };

/** @type {(name: string, pass: Pass, variant: string) => string} */
const caseName = (name, pass, variant) => `${name}, ${PASS_NAMES[pass]}: ${variant}`;

/** @param {Group} group */
function casesIn({ name, passes, variants }) {
  return variants.flatMap((variant) =>
    passes.map((pass) => ({ name: caseName(name, pass, variant), pass, variant })),
  );
}

/**
 * The groups with only some cases: the one with exactly this name, or those whose names contain the text. Duplicates need the
 * new keys before them, so those are measured, too.
 * @param {Group[]} groups
 * @param {string} text
 * @returns {Group[]}
 */
function only(groups, text) {
  const names = groups.flatMap(casesIn).map(({ name }) => name);
  const isWanted = (/** @type {string} */ name) =>
    names.includes(text) ? name === text : name.includes(text);
  return groups.flatMap((group) => {
    const wanted = casesIn(group).filter(({ name }) => isWanted(name));
    if (wanted.length === 0) return [];
    const variants = group.variants.filter((variant) => wanted.some((one) => one.variant === variant));
    const passes = group.passes.filter((pass) => pass === 'new' || wanted.some((one) => one.pass === pass));
    return [{ ...group, variants, passes }];
  });
}

module.exports = { caseName, casesIn, keysFor, only };

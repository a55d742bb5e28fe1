/**
 * The element of the page with this id.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}`);
  return found;
}

/**
 * An element with text or child elements; text is never parsed as HTML.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/**
 * @param {string} text
 * @param {() => void} onClick
 * @param {Record<string, string>} attributes
 */
export function button(text, onClick, attributes = {}) {
  const made = html('button', { type: 'button', class: 'small', ...attributes }, text);
  made.addEventListener('click', onClick);
  return made;
}

/**
 * Writes only a changed text, so as not to disturb a screen reader or a selection.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Shows the result of an action, also to screen readers.
 * @param {HTMLElement} output
 * @param {'done' | 'error'} kind
 * @param {string} text
 */
export function say(output, kind, text) {
  output.dataset.kind = kind;
  output.textContent = text;
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

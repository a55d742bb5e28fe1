/** The service rejected a request, or did not answer. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{ field: string, problem: string }[]} fields
   * @param {number} status 0 without an answer
   */
  constructor(message, fields, status) {
    super(message);
    this.fields = fields;
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, headers?: Record<string, string> }} [sent]
 * @returns {Promise<unknown>} the body of the answer
 */
export async function call(method, path, { body, headers = {} } = {}) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError('The service does not answer. Is it running?', [], 0);
  });
  /** @type {unknown} */
  const value = await answer.json().catch(() => undefined);
  if (!answer.ok) throw errorFrom(answer.status, value);
  return value;
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param {number} status
 * @param {unknown} value
 */
function errorFrom(status, value) {
  const answer = isObject(value) ? value : {};
  const fields = Array.isArray(answer.errors) ? answer.errors.filter(isFieldError) : [];
  const texts = [answer.message, answer.detail].flat().filter((text) => typeof text === 'string');
  return new ApiError(texts.join('; ') || `the service answered ${status}`, fields, status);
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * @param {unknown} value
 * @returns {value is { field: string, problem: string }}
 */
function isFieldError(value) {
  return isObject(value) && typeof value.field === 'string' && typeof value.problem === 'string';
}

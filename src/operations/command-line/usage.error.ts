import { messageOf } from '../../text/message-of';
/** A command was called with wrong arguments. */
export class UsageError extends Error {}

/**
 * Returns the result of `parse`; its errors are wrong use of the command.
 *
 * @throws UsageError
 */
export function argumentsFrom<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    // Node.js appends advice for programmers; only the first sentence is for the user.
    const [problem = ''] = messageOf(error).split('. ');
    throw new UsageError(problem);
  }
}

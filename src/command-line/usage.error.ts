/** A command was called as it cannot be. */
export class UsageError extends Error {}

/**
 * What `parse` answers; what it refuses is wrong use.
 *
 * @throws UsageError
 */
export function argumentsFrom<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    // The advice that Node.js adds is for those who write commands.
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('. ');
    throw new UsageError(problem);
  }
}

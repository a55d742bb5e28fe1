/** The environment is wrong. The message is for the operator and contains no secret. */
export class InvalidEnvironmentError extends Error {
  readonly code = 'INVALID_ENVIRONMENT';

  constructor(
    /** One sentence for each wrong variable. */
    readonly problems: readonly string[],
  ) {
    super(
      `The service cannot start: its environment is wrong in ${problems.length} ${problems.length === 1 ? 'place' : 'places'}.\n` +
        problems.map((problem) => `  - ${problem}\n`).join('') +
        'Set the variables in the environment or in .env, where each is explained.',
    );
    this.name = InvalidEnvironmentError.name;
  }
}

/** Resolves when it is out: what a pipe has not taken yet is lost when the process ends. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${text}\n`, () => resolve());
  });
}

/** Resolves when the text is written: text still in the buffer of a pipe is lost when the process ends. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${text}\n`, () => resolve());
  });
}

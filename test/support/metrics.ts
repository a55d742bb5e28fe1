/** One line of Prometheus text. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The metrics of a service from `GET /metrics`. */
export class Metrics {
  private constructor(private readonly samples: readonly Sample[]) {}

  static async of({ url }: { url: string }): Promise<Metrics> {
    const response = await fetch(`${url}/metrics`);
    if (!response.ok) throw new Error(`GET /metrics answered ${response.status}`);
    return new Metrics((await response.text()).split('\n').map(parse).filter(isSample));
  }

  get names(): ReadonlySet<string> {
    return new Set(this.samples.map(({ name }) => name));
  }

  /** The sum of all samples with this name and these labels; undefined if there are none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  /** Every value of this label in any metric. */
  labelValues(label: string): ReadonlySet<string> {
    return new Set(this.samples.flatMap(({ labels }) => labels[label] ?? []));
  }
}

function parse(line: string): Sample | undefined {
  const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) return undefined;
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']) => [
    label,
    text,
  ]);
  return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
}

function isSample(line: Sample | undefined): line is Sample {
  return line !== undefined;
}

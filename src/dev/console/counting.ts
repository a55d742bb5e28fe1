import type { Counts, Happening, ResultFacts } from './activity';

export function sum(one: Counts, other: Counts): Counts {
  return {
    published: one.published + other.published,
    charged: one.charged + other.charged,
    declined: one.declined + other.declined,
    duplicates: one.duplicates + other.duplicates,
    delayed: one.delayed + other.delayed,
    dead: one.dead + other.dead,
  };
}

/** The counts after one more event. */
export function counted(counts: Counts, happening: Happening): Counts {
  switch (happening.kind) {
    case 'published':
      return { ...counts, published: counts.published + happening.copies };
    case 'finished':
    case 'ended':
      return withResult(counts, happening.result);
    case 'duplicate':
      return { ...counts, duplicates: counts.duplicates + 1 };
    case 'delayed':
      return { ...counts, delayed: counts.delayed + 1 };
    case 'dead':
      return { ...counts, dead: counts.dead + 1 };
    case 'started':
    case 'lease-renewed':
    case 'lease-lost':
    case 'released':
      return counts;
    default:
      return happening satisfies never;
  }
}

function withResult(counts: Counts, { status }: ResultFacts): Counts {
  switch (status) {
    // It is counted when it ends.
    case 'processing':
      return counts;
    case 'declined':
    case 'failed':
      return { ...counts, declined: counts.declined + 1 };
    default:
      return { ...counts, charged: counts.charged + 1 };
  }
}

import { acknowledgement } from './amqp-frames';
import type { Acknowledged } from './amqp-frames';

/** What was published on one channel, and what its client has not been told yet. */
export class ChannelConfirms {
  private count = 0;
  /** Tags that the broker has not confirmed: whether to keep the confirm back. */
  private readonly open = new Map<number, boolean>();
  private readonly keptBack: number[] = [];

  constructor(private readonly channel: number) {}

  published(isKeptBack: boolean): void {
    this.open.set(++this.count, isKeptBack);
  }

  /** What the client may hear of the broker's answer: the same tags one by one, without those that are kept back. */
  passing({ tag, isMultiple }: Acknowledged): Buffer {
    const confirmed = [...this.open.keys()].filter((each) => each === tag || (isMultiple && each < tag));
    const told = confirmed.filter((each) => this.open.get(each) === false);
    for (const each of confirmed) {
      if (this.open.get(each) === true) this.keptBack.push(each);
      this.open.delete(each);
    }
    return this.acknowledgements(told);
  }

  /** What was kept back. */
  release(): Buffer {
    for (const each of this.open.keys()) this.open.set(each, false);
    return this.acknowledgements(this.keptBack.splice(0));
  }

  private acknowledgements(tags: readonly number[]): Buffer {
    return Buffer.concat(tags.map((tag) => acknowledgement(this.channel, tag)));
  }
}

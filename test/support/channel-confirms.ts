import { acknowledgement } from './amqp-frames';
import type { Acknowledged } from './amqp-frames';

/** The publishes of one channel, and the confirms that are withheld from its client. */
export class ChannelConfirms {
  private count = 0;
  /** For each tag that the broker has not confirmed: whether to withhold its confirm. */
  private readonly open = new Map<number, boolean>();
  private readonly withheld: number[] = [];

  constructor(private readonly channel: number) {}

  published(isWithheld: boolean): void {
    this.open.set(++this.count, isWithheld);
  }

  /** The confirms to forward: the tags of the broker's answer one by one, without the withheld ones. */
  passing({ tag, isMultiple }: Acknowledged): Buffer {
    const confirmed = [...this.open.keys()].filter((each) => each === tag || (isMultiple && each < tag));
    const forwarded = confirmed.filter((each) => this.open.get(each) === false);
    for (const each of confirmed) {
      if (this.open.get(each) === true) this.withheld.push(each);
      this.open.delete(each);
    }
    return this.acknowledgements(forwarded);
  }

  /** The withheld confirms; later ones are forwarded at once. */
  release(): Buffer {
    for (const each of this.open.keys()) this.open.set(each, false);
    return this.acknowledgements(this.withheld.splice(0));
  }

  private acknowledgements(tags: readonly number[]): Buffer {
    return Buffer.concat(tags.map((tag) => acknowledgement(this.channel, tag)));
  }
}

import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { EngineOptions } from '../engine/engine.options';

/** Publishes the messages of the outbox while the application runs. */
@Injectable()
export class OutboxLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(EngineOptions) private readonly options: EngineOptions) {}

  onApplicationBootstrap(): void {
    this.options.outbox?.start?.();
  }

  /** Connections to brokers are closed after this. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.options.outbox?.stop?.();
  }
}

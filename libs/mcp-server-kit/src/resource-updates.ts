import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuthInfo, ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';
import type { Log } from '@planwarden/contracts';

/** What changed, by URI. */
export interface ResourceChange {
  readonly updated: readonly string[];
  /** Resources that lists did not show before. */
  readonly appeared: readonly string[];
}

/** Where a server learns that its resources changed. */
export interface ResourceFeed<Context> {
  /** May this caller follow this resource? False too where there is none. Asked at a subscription and before each notice. */
  mayFollow(uri: string, context: Context): Promise<boolean>;
  /** Begins to tell of changes; once it resolved, none is missed. Runs only while somebody listens. @returns ends it */
  follow(onChange: (change: ResourceChange) => void): Promise<() => void>;
}

/** One open stream to a client. */
export interface ResourceListener {
  readonly auth: AuthInfo | undefined;
  wants(uri: string): boolean;
  updated(uri: string): void;
  listChanged(): void;
}

export interface ResourceUpdatesOptions {
  readonly mayFollow: (uri: string, auth: AuthInfo | undefined) => Promise<boolean>;
  readonly follow: ResourceFeed<unknown>['follow'];
  readonly log: Log;
}

/**
 * Carries changes of resources to the clients that listen, in both eras. One follower however many listen, none while
 * nobody does. Each notice is asked for anew: a token that was taken away hears nothing more.
 */
export class ResourceUpdates {
  readonly #listeners = new Set<ResourceListener>();
  /** Who a `subscriptions/listen` is for: the SDK's bus does not say. */
  readonly #asker = new AsyncLocalStorage<AuthInfo | undefined>();
  #following: Promise<() => void> | undefined;

  constructor(private readonly options: ResourceUpdatesOptions) {}

  /** How many streams listen. */
  get size(): number {
    return this.#listeners.size;
  }

  mayFollow(uri: string, auth: AuthInfo | undefined): Promise<boolean> {
    return this.options.mayFollow(uri, auth);
  }

  /** Adds a stream; once it resolved, it misses nothing. @returns takes it away again */
  async open(listener: ResourceListener): Promise<() => void> {
    const close = this.#add(listener);
    try {
      await this.#following;
    } catch (error) {
      close();
      throw error;
    }
    return close;
  }

  /** Serves a `subscriptions/listen`: its stream is opened on the bus while `serve` runs. */
  async asAsker(auth: AuthInfo | undefined, serve: () => Promise<Response>): Promise<Response> {
    const hold = await this.open({ auth, wants: () => false, updated: () => undefined, listChanged: () => undefined });
    try {
      return await this.#asker.run(auth, serve);
    } finally {
      hold();
    }
  }

  /** The bus of the SDK's stateless handler: every listen stream subscribes here, and it filters by what was asked. */
  bus(): ServerEventBus {
    return {
      publish: () => undefined,
      subscribe: (send: (event: ServerEvent) => void) =>
        this.#add({
          auth: this.#asker.getStore(),
          wants: () => true,
          updated: (uri) => send({ kind: 'resource_updated', uri }),
          listChanged: () => send({ kind: 'resources_list_changed' }),
        }),
    };
  }

  #add(listener: ResourceListener): () => void {
    this.#listeners.add(listener);
    if (this.#following === undefined) {
      this.#following = this.#follow();
      // Told to whoever opens a stream; nobody else waits for it.
      this.#following.catch(() => undefined);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      const following = this.#following;
      this.#following = undefined;
      following?.then(
        (stop) => stop(),
        () => undefined,
      );
    };
  }

  async #follow(): Promise<() => void> {
    try {
      return await this.options.follow((change) => {
        for (const listener of this.#listeners) {
          this.#tell(listener, change).catch((error: unknown) =>
            this.options.log.warn({ err: error }, 'a change could not be told to a client'),
          );
        }
      });
    } catch (error) {
      this.#following = undefined;
      throw error;
    }
  }

  async #tell(listener: ResourceListener, { updated, appeared }: ResourceChange): Promise<void> {
    for (const uri of updated) {
      if (!listener.wants(uri) || !(await this.options.mayFollow(uri, listener.auth))) continue;
      if (this.#listeners.has(listener)) listener.updated(uri);
    }
    for (const uri of appeared) {
      if (!(await this.options.mayFollow(uri, listener.auth))) continue;
      if (this.#listeners.has(listener)) listener.listChanged();
      return;
    }
  }
}

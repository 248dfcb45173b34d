import type { Log } from '@planwarden/contracts';
import type { Bell } from '@planwarden/runs';
import type { ChangeServices } from './change/change.services.js';
import type { SessionStore } from './identity/session.store.js';
import type { JournalFollower } from './journal-follower.js';
import type { Metrics } from './metrics.js';
import type { WebhookDeliveries } from './webhook-deliveries.js';

/** What the HTTP side works with; one object, composed once. */
export interface App {
  readonly services: ChangeServices;
  readonly bell: Bell;
  /** The journal as it grows, for everybody who listens in this process. */
  readonly journal: JournalFollower;
  readonly sessions: SessionStore;
  /** Token of the operator, in the data folder: opens only what the CLI asks for. */
  readonly operatorToken: string;
  /** Null: the graph is read where it is recorded. */
  readonly rebuildGraph: (() => Promise<{ readonly nodes: number; readonly edges: number }>) | null;
  readonly webhookSecret: string;
  readonly deliveries: WebhookDeliveries;
  /** Name -> check; each throws or resolves. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>;
  /** Folder of the built pages; null where there are none. */
  readonly webFolder: string | null;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Injection token of App: interfaces have none of their own. */
export const APP = Symbol('app');

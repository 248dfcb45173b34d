import { ApiError } from './http-kit.js';
import type { SeedApp, SeedRepository } from './seed.js';
import type { SandboxDelivery } from './webhook-sender.js';

/** Acts that change what runs, or start something that does. */
export interface Released {
  readonly merges: number;
  readonly tags: number;
  readonly dispatches: number;
}

/** Faults and counts for tests, in process only: no request reaches them. Operations are named as in GitHub's OpenAPI, e.g. `pulls/merge`. */
export interface SandboxControl {
  /** How often each operation changed something (an answer may have been lost since). */
  countEffects(): Record<string, number>;
  /** What an account released by its acts: every other operation prepares, tells or asks. */
  released(accountId: number): Released;
  /** Sets what protects a repository from now on, as an administrator would; what is not given stays. */
  protect(
    repository: string,
    change: Partial<Pick<SeedRepository, 'protection' | 'rulesets' | 'allowAutoMerge' | 'environments'>>,
  ): void;
  /** Sets what an App is allowed from now on. @param slug of the App */
  grant(slug: string, permissions: SeedApp['permissions']): void;
  /** Which permissions an App needed so far, as `name:level`. */
  permissionsUsed(slug: string): string[];
  /** The next call of the operation answers with this status and does nothing. */
  failNext(operation: string, status: number): void;
  /** Every call of the operation, whoever makes it, answers so until the returned function is called. */
  fail(operation: string, status: number): () => void;
  /** The next call of the operation takes effect, then the connection is cut instead of answered. */
  dropAnswerOnce(operation: string): void;
  /** Calls of the operation wait until the returned function is called. */
  pause(operation: string): () => void;
  /** How many calls of the operation wait there now. */
  held(operation: string): number;
  /** While true, webhooks are made and recorded but not sent. */
  loseWebhooks(lose: boolean): void;
  /** GitHub's clock goes so many milliseconds before that of the machine. */
  setClockAhead(ms: number): void;
  /** Webhooks are made and sent only when the returned function is called: each time all of them, the last first if reversed. */
  holdWebhooks(): (how: { readonly isReversed: boolean }) => void;
  /** Somebody pushes to a branch past the protection, as an administrator may. `null` deletes a file. Answers the new commit's SHA. */
  push(input: {
    repository: string;
    branch: string;
    files: Record<string, string | null>;
    message?: string;
    login: string;
  }): Promise<string>;
  /** Dispatches are answered and their runs appear only when the returned function is called. */
  holdDispatches(): () => void;
  /** Workflow runs find no runner until the returned function is called. */
  holdRunners(): () => void;
  /** Other files stand in an artifact from now on, as whoever holds GitHub's storage could put them there. @returns what stood there */
  swapArtifact(name: string, files: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array>;
  /** Answers and webhook payloads of the sandbox that broke GitHub's published contract. Tests hold it at zero. */
  violations(): number;
  /** Every webhook made so far, lost ones too. */
  deliveries(): SandboxDelivery[];
  /** Resolves when every webhook made so far was sent. */
  webhooksSettled(): Promise<void>;
}

/** The switches behind `SandboxControl`, as the server asks them. */
export class Faults {
  readonly effects = new Map<string, number>();
  readonly acts: { readonly operation: string; readonly by: number; readonly ref: string }[] = [];
  loseWebhooks = false;
  /** `slug name:level`, each once. */
  readonly permissions = new Set<string>();
  private readonly failures = new Map<string, number[]>();
  private readonly failing = new Map<string, number>();
  private readonly drops = new Map<string, number>();
  private readonly pauses = new Map<string, Promise<void>>();
  private readonly waiting = new Map<string, number>();

  failNext(operation: string, status: number): void {
    this.failures.set(operation, [...(this.failures.get(operation) ?? []), status]);
  }
  fail(operation: string, status: number): () => void {
    this.failing.set(operation, status);
    return () => void this.failing.delete(operation);
  }
  dropAnswerOnce(operation: string): void {
    this.drops.set(operation, (this.drops.get(operation) ?? 0) + 1);
  }
  pause(operation: string): () => void {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.pauses.set(operation, gate);
    return () => {
      if (this.pauses.get(operation) === gate) this.pauses.delete(operation);
      release();
    };
  }
  held(operation: string): number {
    return this.waiting.get(operation) ?? 0;
  }
  count(operation: string): void {
    this.effects.set(operation, (this.effects.get(operation) ?? 0) + 1);
  }
  released(by: number): Released {
    const count = (operation: string, ref = ''): number =>
      this.acts.filter((act) => act.by === by && act.operation === operation && act.ref.startsWith(ref)).length;
    return {
      merges: count('pulls/merge'),
      tags: count('git/create-ref', 'refs/tags/'),
      dispatches: count('actions/create-workflow-dispatch') + count('repos/create-dispatch-event'),
    };
  }
  async before(operation: string): Promise<void> {
    const gate = this.pauses.get(operation);
    if (gate) {
      this.waiting.set(operation, this.held(operation) + 1);
      await gate;
      this.waiting.set(operation, this.held(operation) - 1);
    }
    const status = this.failing.get(operation) ?? this.failures.get(operation)?.shift();
    if (status !== undefined) throw new ApiError(status, status >= 500 ? 'Server Error' : 'Refused by a test fault');
  }
  takeDrop(operation: string): boolean {
    const left = this.drops.get(operation) ?? 0;
    if (left > 0) this.drops.set(operation, left - 1);
    return left > 0;
  }
}

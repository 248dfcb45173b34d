import { randomUUID } from 'node:crypto';
import { sign } from '@octokit/webhooks-methods';
import type { Log } from '@planwarden/contracts';
import type { Contract } from './contract.js';
import type { Faults } from './control.js';
import type { Json } from './http-kit.js';

export interface SandboxWebhook {
  url: string;
  secret: string;
  /** Event names such as `pull_request`; all when left out. */
  events?: string[];
}
export interface SandboxDelivery {
  id: string;
  event: string;
  action: string | null;
  url: string;
  /** HTTP status of the receiver; null when it was not reached or the delivery was lost on purpose. */
  status: number | null;
}

/** Sends payloads in the order they were made, each once: GitHub does not retry either. */
export class WebhookSender {
  readonly deliveries: SandboxDelivery[] = [];
  private hooks: SandboxWebhook[] = [];
  private tail: Promise<void> = Promise.resolve();
  private held: (() => Promise<void>)[] | undefined;

  constructor(
    private readonly contract: Contract,
    private readonly faults: Faults,
    private readonly log: Log,
  ) {}

  add(hook: SandboxWebhook): () => void {
    this.hooks.push(hook);
    return () => {
      this.hooks = this.hooks.filter((candidate) => candidate !== hook);
    };
  }

  emit(event: string, payload: Json): void {
    const action = typeof payload.action === 'string' ? payload.action : null;
    const wrong = this.contract.checkPayload(action ? `${event}$${action}` : `${event}$event`, payload);
    if (wrong) {
      this.log.error({ event, action, wrong }, 'a webhook payload breaks the published schema and is not sent');
      return;
    }
    const body = JSON.stringify(payload);
    for (const hook of this.hooks)
      if (!hook.events || hook.events.includes(event)) {
        const delivery: SandboxDelivery = { id: randomUUID(), event, action, url: hook.url, status: null };
        this.deliveries.push(delivery);
        if (this.faults.loseWebhooks) continue;
        const send = (): Promise<void> => this.send(hook, delivery, body);
        if (this.held) this.held.push(send);
        else this.tail = this.tail.then(send);
      }
  }

  /** Keeps back what is made from now on. @returns sends it, as often as it is called; what comes after is sent at once */
  hold(): (how: { readonly isReversed: boolean }) => void {
    const held: (() => Promise<void>)[] = [];
    this.held = held;
    return ({ isReversed }) => {
      if (this.held === held) this.held = undefined;
      for (const send of isReversed ? [...held].reverse() : held) this.tail = this.tail.then(send);
    };
  }

  /** Resolves when everything made so far was sent. */
  async settled(): Promise<void> {
    await this.tail;
  }

  private async send(hook: SandboxWebhook, delivery: SandboxDelivery, body: string): Promise<void> {
    try {
      const answer = await fetch(hook.url, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(10_000),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'GitHub-Hookshot/sandbox',
          'x-github-delivery': delivery.id,
          'x-github-event': delivery.event,
          'x-hub-signature-256': await sign(hook.secret, body),
        },
        body,
      });
      delivery.status = answer.status;
      await answer.arrayBuffer();
    } catch {
      this.log.warn({ delivery: delivery.id, event: delivery.event }, 'a webhook was not delivered');
    }
  }
}

import { isPlanwardenError, type RunEvent } from '@planwarden/contracts';
import type { ResourceChange, ResourceFeed } from '@planwarden/mcp-server-kit';
import type { JournalFollower } from '../journal-follower.js';
import { type McpContext, targetsOf } from '../tools/mcp-context.js';

const RUN_URI = /^planwarden:\/\/runs\/(run_[0-9a-f]{32})(?:\/(?:plan|log))?$/;
/** Runs whose target is remembered: it never changes. */
const REMEMBERED = 10_000;

/** Runs as resources that can be followed, fed from the journal. */
export class RunFeed implements ResourceFeed<McpContext> {
  readonly #targets = new Map<string, string>();

  constructor(private readonly journal: JournalFollower) {}

  async mayFollow(uri: string, context: McpContext): Promise<boolean> {
    const run = RUN_URI.exec(uri)?.[1];
    if (run === undefined) return false;
    const target = await this.#targetOf(run, context);
    return target !== undefined && targetsOf(context).includes(target);
  }

  follow(onChange: (change: ResourceChange) => void): Promise<() => void> {
    return this.journal.listen((entries) => onChange(changeOf(entries)));
  }

  async #targetOf(run: string, { services }: McpContext): Promise<string | undefined> {
    const known = this.#targets.get(run);
    if (known !== undefined) return known;
    try {
      const { target } = await services.runs.get(run);
      if (this.#targets.size >= REMEMBERED) this.#targets.clear();
      this.#targets.set(run, target);
      return target;
    } catch (error) {
      if (isPlanwardenError(error) && error.code === 'RUN_UNKNOWN') return undefined;
      throw error;
    }
  }
}

/** Many entries are one change: a client that hears of it reads the resource as it then stands. */
export function changeOf(entries: readonly Pick<RunEvent, 'run' | 'kind' | 'step'>[]): ResourceChange {
  const updated = new Set<string>();
  const appeared = new Set<string>();
  for (const { run, kind, step } of entries) {
    const uri = `planwarden://runs/${run}`;
    updated.add(uri).add(`${uri}/log`);
    if (kind === 'step:done' && step === 'plan') updated.add(`${uri}/plan`);
    if (kind === 'run:started') appeared.add(uri);
  }
  return { updated: [...updated], appeared: [...appeared] };
}

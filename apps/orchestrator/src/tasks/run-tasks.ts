import { isPlanwardenError, PlanwardenError, type RunState, runIdPattern } from '@planwarden/contracts';
import type { TaskSource, TaskView } from '@planwarden/mcp-server-kit';
import type { RunRecord } from '@planwarden/runs';
import type { JournalFollower } from '../journal-follower.js';
import { cancelRun } from '../requests/cancel-run.js';
import { runText } from '../requests/run-text.js';
import { detailOf } from '../requests/run-views.js';
import { type McpContext, personaFor, targetsOf } from '../tools/mcp-context.js';
import { visibleRun } from '../tools/visible-run.js';

const PAGE = 50;

/**
 * A run as the MCP task of the agent that asked for it: its id is the run's, its state what Postgres says. A run that
 * waits for people is still working: `input_required` would ask the client, and nothing that a client answers approves.
 */
export class RunTasks implements TaskSource<McpContext> {
  constructor(private readonly journal: JournalFollower) {}

  async get(id: string, context: McpContext): Promise<TaskView> {
    personaFor(context, { tool: 'get_run' });
    const run = await ownRun(id, context);
    return { ...taskOf(run), result: run.ended ? await resultOf(run, context) : null };
  }

  async list(cursor: string | undefined, context: McpContext) {
    personaFor(context, { tool: 'list_runs' });
    if (cursor !== undefined && !runIdPattern.test(cursor)) throw cursorInvalid();
    const found = await context.services.runs.list({
      targets: targetsOf(context),
      principal: principalOf(context),
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    return { tasks: found.runs.map(taskOf), next: found.next };
  }

  async cancel(id: string, context: McpContext): Promise<void> {
    personaFor(context, { tool: 'cancel_run' });
    await ownRun(id, context);
    await cancelRun(context, id, 'the task was cancelled');
  }

  async ended(id: string, context: McpContext, signal: AbortSignal): Promise<TaskView> {
    let wake: () => void = () => undefined;
    // Listening comes before looking: an end between the two is not missed.
    const stop = await this.journal.listen((entries) => {
      if (entries.some((entry) => entry.run === id && entry.kind === 'run:ended')) wake();
    });
    try {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      const task = await this.get(id, context);
      if (task.state !== 'working' || signal.aborted) return task;
      await woken;
      return await this.get(id, context);
    } finally {
      stop();
    }
  }
}

const principalOf = ({ agent }: McpContext): string => `agent:${agent.id}`;

/** A run that this agent asked for itself; of any other there is no task. @throws PlanwardenError RUN_UNKNOWN */
async function ownRun(id: string, context: McpContext): Promise<RunRecord> {
  const run = runIdPattern.test(id) ? await visibleRun(context, id).catch(unlessUnknown) : undefined;
  if (run?.requester.principal === principalOf(context)) return run;
  throw new PlanwardenError('RUN_UNKNOWN', 'there is no task with this id', {
    where: { field: 'taskId' },
    remedy: 'Use the id that the tool call answered with.',
  });
}

function unlessUnknown(error: unknown): undefined {
  if (!isPlanwardenError(error) || error.code !== 'RUN_UNKNOWN') throw error;
}

/** The result is not in it. */
function taskOf({ id, state, ended, wait, createdAt, updatedAt }: RunRecord): TaskView {
  return {
    id,
    state: ended ? endOf(state) : 'working',
    message: wait === null ? `The run is ${state}.` : `The run waits for ${wait.reason}: ${wait.message}`,
    createdAt,
    updatedAt,
    result: null,
  };
}

const endOf = (state: RunState): TaskView['state'] =>
  state === 'canceled' ? 'cancelled' : isWellEnded(state) ? 'completed' : 'failed';

/** A review that found something did what it was asked for. */
const isWellEnded = (state: RunState): boolean => state === 'applied' || state === 'reviewed';

/** What propose_change would have answered had it waited for the end. */
async function resultOf({ id, state }: RunRecord, { services }: McpContext): Promise<TaskView['result']> {
  const text = runText(await detailOf(services, id));
  return {
    content: [{ type: 'text', text }],
    structuredContent: { run: id, state, next: `It has ended. get_run with run ${id} tells all of it.` },
    ...(isWellEnded(state) ? {} : { isError: true }),
  };
}

const cursorInvalid = (): PlanwardenError =>
  new PlanwardenError('INPUT_INVALID', 'this is no cursor of a list of tasks', {
    where: { field: 'cursor' },
    remedy: 'Use the nextCursor of the page before.',
  });

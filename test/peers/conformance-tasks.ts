import { randomUUID } from 'node:crypto';
import type { CallToolResult } from '@modelcontextprotocol/server';
import { PlanwardenError } from '@planwarden/contracts';
import { defineTool, type TaskSource, type TaskView } from '@planwarden/mcp-server-kit';
import { z } from 'zod';

interface Work {
  readonly id: string;
  readonly createdAt: string;
  readonly endsAt: number;
  readonly result: CallToolResult;
  isCancelled: boolean;
}

const started = z.object({ task: z.string(), seconds: z.number() });

/** Tasks of the suite's tools, kept in memory: each works for some seconds and ends as its tool says. */
export class SuiteTasks implements TaskSource<null> {
  readonly #all = new Map<string, Work>();

  readonly tools = [
    defineTool({
      name: 'greet',
      title: 'Greet',
      description: 'Answers at once; never a task.',
      annotations: { readOnlyHint: true },
      inputSchema: z.object({ name: z.string().default('you') }),
      handler: async ({ name }, _context: null) => ({ text: `Hello, ${name}!` }),
    }),
    this.#working('slow_compute', false),
    this.#working('failing_job', true),
  ];

  #working(name: string, isError: boolean) {
    return defineTool({
      name,
      title: name,
      description: 'Goes on after it has answered.',
      annotations: { readOnlyHint: true },
      inputSchema: z.object({ seconds: z.number().default(1), label: z.string().optional() }),
      outputSchema: started,
      taskOf: ({ task }) => String(task),
      handler: async ({ seconds }, _context: null) => {
        const id = randomUUID();
        const structured = { task: id, seconds };
        this.#all.set(id, {
          id,
          createdAt: new Date().toISOString(),
          endsAt: Date.now() + seconds * 1000,
          result: { content: [{ type: 'text', text: `${name} is done.` }], structuredContent: structured, isError },
          isCancelled: false,
        });
        return { structured };
      },
    });
  }

  async get(id: string): Promise<TaskView> {
    const work = this.#of(id);
    const isOver = Date.now() >= work.endsAt;
    const end = work.result.isError ? 'failed' : 'completed';
    return {
      id,
      state: work.isCancelled ? 'cancelled' : isOver ? end : 'working',
      message: 'Works.',
      createdAt: work.createdAt,
      updatedAt: new Date().toISOString(),
      result: isOver && !work.isCancelled ? work.result : null,
    };
  }

  async list() {
    return { tasks: await Promise.all([...this.#all.keys()].map((id) => this.get(id))), next: null };
  }

  async cancel(id: string): Promise<void> {
    this.#of(id).isCancelled = true;
  }

  async ended(id: string): Promise<TaskView> {
    const left = this.#of(id).endsAt - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    return this.get(id);
  }

  #of(id: string): Work {
    const found = this.#all.get(id);
    if (found) return found;
    throw new PlanwardenError('RUN_UNKNOWN', 'there is no task with this id', { remedy: 'Take the id of a task.' });
  }
}

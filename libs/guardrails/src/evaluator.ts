import { type ResourceLimits, Worker } from 'node:worker_threads';

/** Answers one question to the policy with whatever it says; rejects on throw and time-out. */
export interface Evaluator {
  /** @param input JSON text of the input, an object */
  evaluate(entrypoint: string, input: string): Promise<unknown>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 512 };

/**
 * What runs in the thread: plain JavaScript as text, because the sources run as TypeScript in tests and a worker
 * could not import them. The policy package throws strings and plain objects; only that it threw is told.
 */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { createRequire } = require('node:module');
const { loadPolicySync } = createRequire(workerData.from)('@open-policy-agent/opa-wasm');
const policy = loadPolicySync(workerData.wasm, { initial: 5, maximum: 4096 });
policy.setData({});
parentPort.on('message', ({ id, entrypoint, input }) => {
  try {
    const bytes = new TextEncoder().encode(input);
    parentPort.postMessage({ id, answer: policy.evaluate(bytes.buffer, entrypoint) });
  } catch {
    parentPort.postMessage({ id, failed: true });
  }
});
`;

/**
 * Runs the wasm in a thread of its own: an evaluation has no limit of its own, and only a thread can be ended. After
 * a time-out the next question gets a new thread; questions that waited behind the slow one fail with it.
 */
export class ThreadEvaluator implements Evaluator {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor(
    private readonly wasm: Uint8Array,
    private readonly timeoutMs: number,
  ) {}

  evaluate(entrypoint: string, input: string): Promise<unknown> {
    const worker = this.worker ?? this.start();
    this.next += 1;
    const id = this.next;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => void this.end(worker, 'the policy did not answer in time'), this.timeoutMs);
      this.waiting.set(id, { resolve, reject, timer });
      worker.ref();
      worker.postMessage({ id, entrypoint, input });
    });
  }

  async close(): Promise<void> {
    if (this.worker !== null) await this.end(this.worker, 'policy was closed');
  }

  private start(): Worker {
    const worker = new Worker(THREAD, {
      eval: true,
      workerData: { wasm: this.wasm, from: import.meta.url },
      resourceLimits: LIMITS,
      env: {},
    });
    worker.on('message', (message: { id: number; answer?: unknown; failed?: true }) => this.answered(worker, message));
    worker.on('error', () => void this.end(worker, 'the policy thread failed'));
    worker.on('exit', () => void this.end(worker, 'the policy thread ended'));
    this.worker = worker;
    return worker;
  }

  private answered(worker: Worker, message: { id: number; answer?: unknown; failed?: true }): void {
    const waiting = this.waiting.get(message.id);
    if (waiting === undefined) return;
    this.waiting.delete(message.id);
    clearTimeout(waiting.timer);
    // An idle thread keeps no process alive.
    if (this.waiting.size === 0) worker.unref();
    if (message.failed) waiting.reject(new Error('the policy threw'));
    else waiting.resolve(message.answer);
  }

  private async end(worker: Worker, why: string): Promise<void> {
    if (this.worker !== worker) return;
    this.worker = null;
    const left = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject, timer } of left) {
      clearTimeout(timer);
      reject(new Error(why));
    }
    await worker.terminate();
  }
}

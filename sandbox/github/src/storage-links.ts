import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Milliseconds a link is good for. */
const GOOD_FOR = 60_000;

/** Links to logs and artifacts that open without credentials for a minute, as GitHub's do. */
export class StorageLinks {
  private readonly key = randomBytes(32);

  constructor(
    private readonly url: () => string,
    private readonly now: () => Date,
  ) {}

  link(file: string): string {
    const until = String(this.now().getTime() + GOOD_FOR);
    return `${this.url()}/storage/${file}?until=${until}&sig=${this.sign(file, until)}`;
  }

  /** The file a link names; undefined for one that we did not make, or an old one. */
  opened(path: string, query: Readonly<Record<string, string>>): string | undefined {
    const file = /^\/storage\/(\d+\.(?:zip|log))$/.exec(path)?.[1];
    const { until = '', sig = '' } = query;
    if (file === undefined || !(Number(until) > this.now().getTime())) return undefined;
    const [given, right] = [Buffer.from(sig), Buffer.from(this.sign(file, until))];
    return given.length === right.length && timingSafeEqual(given, right) ? file : undefined;
  }

  private sign(file: string, until: string): string {
    return createHmac('sha256', this.key).update(`${file}\n${until}`).digest('hex');
  }
}

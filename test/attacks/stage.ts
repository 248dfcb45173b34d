import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Json, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from '../e2e/world.js';
import type { Tried } from './attack.js';
import { Holds } from './holds.js';
import { attackedConfig, HELPER, isStack, MALLORY, ROSA, SEED_FILES, TAKER, type TargetName } from './installation.js';

export type { RunSeen };
export interface Answered {
  readonly status: number;
  readonly body: Json;
}
/** The name by which a request was refused; none where it was not. */
export const codesOf = ({ body }: Answered): string[] => (typeof body.code === 'string' ? [body.code] : []);
type Ask = (method: string, path: string, body?: Json, headers?: Record<string, string>) => Promise<Answered>;

/** The accounts attacks act under at GitHub. */
export type Account =
  | 'olivia-owner'
  | 'ravi-reviewer'
  | 'tess-third'
  | 'walt-watcher'
  | 'mallory'
  | 'rosa'
  | 'taker'
  | 'helper';

/** A file in the folder of the run's own application that changes nothing in the cluster. */
export function noteOf({ run, plan }: RunSeen): string {
  const name = /staging-(case-\d+)/.exec(plan?.text ?? '')?.[1] ?? '';
  return `environments/${(run as { target?: string }).target ?? 'staging'}/${name}/note.yaml`;
}

const REPOSITORY = '/repos/platform/infrastructure';
const RELEASE_BOT = 9002;
/** Milliseconds for what must come. */
const PATIENCE_MS = 180_000;
/** The same where a guard was cut out, which must let the attack through within it: an attack that gains nothing waits it out. */
const PATIENCE_GUARD_OFF_MS = 45_000;

export interface StageOptions {
  /** A guard was cut out. */
  readonly isGuardOff?: boolean;
  /** A folder; of a stage that was closed, to start it again. */
  readonly given?: string;
  /** Whether the repository must be protected, as for real targets. */
  readonly mustBeProtected?: boolean;
}

/** A started product and every way in that an attacker has. The sandbox's control measures, holds a moment, or stands for GitHub's administrator. */
export class Stage {
  #made = 0;
  #shared: RunSeen | undefined;
  readonly #sessions = new Map<string, Ask>();

  private constructor(
    readonly world: World,
    readonly holds: Holds,
    /** True when a guard was cut out: then an attack waits for its gain, not for the refusal. */
    readonly isGuardOff: boolean,
  ) {}

  get #patienceMs(): number {
    return this.isGuardOff ? PATIENCE_GUARD_OFF_MS : PATIENCE_MS;
  }

  static async open({ isGuardOff = false, given, mustBeProtected = false }: StageOptions = {}): Promise<Stage> {
    const holds = new Holds();
    const world = await startWorld(
      {
        faults: holds,
        poll: { firstMs: 1000, longestMs: 2000 },
        seed: { users: [MALLORY, ROSA, TAKER], apps: [HELPER], files: SEED_FILES },
        outside: (outside) => ({ ...outside, github: { ...outside.github, mustBeProtected } }),
      },
      given,
      given !== undefined && existsSync(join(given, 'planwarden.yaml')) ? undefined : attackedConfig,
      // Where tofu is, see main.ts.
      { PATH: process.env.PATH ?? '' },
    );
    return new Stage(world, holds, isGuardOff);
  }

  close(): Promise<void> {
    return this.world.stop();
  }

  /** What the release App did so far, measured at the sandbox. */
  released(): number {
    const { merges, tags, dispatches } = this.world.at.github.control.released(RELEASE_BOT);
    return merges + tags + dispatches;
  }

  /** A run of its own that waits for approval. */
  async fresh(target: TargetName = 'staging'): Promise<RunSeen> {
    this.#made += 1;
    return this.#propose(target, `case-${this.#made}`);
  }

  /** A run that changes what a run of manifests made, so that it touches what is there. */
  async changeOf({ run, plan }: RunSeen): Promise<RunSeen> {
    const name = /staging-(case-\d+)/.exec(plan?.text ?? '')?.[1] ?? '';
    return this.#propose((run as { target?: TargetName }).target ?? 'staging', name, { replicas: 1 });
  }

  async #propose(target: TargetName, name: string, more: Json = {}): Promise<RunSeen> {
    const { isError, data } = await this.world.call('propose_change', {
      ...{ target, title: 'Run nginx', reason: 'The shop needs a web server.' },
      ...(isStack(target)
        ? { files: [{ path: `${name}.tf`, content: greeting(name) }] }
        : { template: { name: 'web-application', parameters: { ...NGINX, ...more, name } } }),
    });
    if (isError) throw new Error(`propose_change: ${JSON.stringify(data)}`);
    const seen = await this.world.until(String(data.run), waitsForApproval);
    // Only "brief" may be over before anybody looks, or where a guard is off; else an attack on it shows nothing.
    if (seen.run.ended && target !== 'brief' && !this.isGuardOff)
      throw new Error(`it never waited: ${JSON.stringify(seen.run)}`);
    return seen;
  }

  /** A run that waits for approval, asked for before this stage was opened. */
  found(run: string): Promise<RunSeen> {
    return this.world.until(run, waitsForApproval);
  }

  /** A waiting run that attacks share as long as none changed anything about it. */
  async shared(): Promise<RunSeen> {
    if (this.#shared) {
      const now = await this.world.until(this.#shared.run.id, () => true);
      if (!now.run.ended && now.run.wait?.reason === 'approval') return this.#shared;
    }
    this.#shared = await this.fresh();
    return this.#shared;
  }

  /** Waits until the run waits in this round, or has ended. */
  round(run: string, round: number): Promise<RunSeen> {
    return this.world.until(run, (seen) => seen.run.ended || (seen.run.round === round && waitsForApproval(seen)));
  }

  /** REST as a signed-in person, who came by a sign-in link of the operator; at the name that browsers take passkeys for. */
  async as(person: string): Promise<Ask> {
    const known = this.#sessions.get(person);
    if (known) return known;
    const { cookie, csrf } = await this.session(person);
    const ask: Ask = (method, path, body, headers = {}) =>
      this.ask(`${this.site.origin}${path}`, method, body, { cookie, 'x-csrf-token': csrf, ...headers });
    this.#sessions.set(person, ask);
    return ask;
  }

  /** Where the pages stand, as a browser tells a passkey. */
  get site(): { readonly rpId: string; readonly origin: string } {
    return { rpId: 'localhost', origin: this.world.url.replace('127.0.0.1', 'localhost') };
  }

  async session(person: string): Promise<{ cookie: string; csrf: string; link: string }> {
    const { operatorToken } = this.world.at.secrets;
    const made = await this.ask(`${this.world.url}/api/v1/sign-in-links`, 'POST', { person }, bearer(operatorToken));
    const link = String(made.body.url).split('#')[1] ?? '';
    return { ...(await this.open(link)), link };
  }

  /** Spends a sign-in link; an empty cookie where it is refused. */
  async open(link: string): Promise<{ cookie: string; csrf: string }> {
    const answer = await fetch(`${this.world.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: link }),
    });
    const said = (await answer.json()) as { csrfToken?: string };
    return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', csrf: said.csrfToken ?? '' };
  }

  async ask(url: string, method: string, body?: Json, headers: Record<string, string> = {}): Promise<Answered> {
    const answer = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
  }

  /** GitHub's REST under an account. */
  github(account: Account, method: string, path: string, body?: Json): Promise<Answered> {
    return this.ask(`${this.world.at.github.url}${REPOSITORY}${path}`, method, body, bearer(this.#tokenOf(account)));
  }

  /** What GitHub answers in plain text, such as a log. */
  async githubText(account: Account, path: string): Promise<string> {
    const headers = bearer(this.#tokenOf(account));
    return (await fetch(`${this.world.at.github.url}${REPOSITORY}${path}`, { headers })).text();
  }

  #tokenOf(account: Account): string {
    const tokens: Record<string, string> = {
      ...this.world.at.secrets.people,
      mallory: MALLORY.token,
      rosa: ROSA.token,
      taker: TAKER.token,
      helper: HELPER.token ?? '',
    };
    return tokens[account] ?? '';
  }

  /** A review at GitHub; of the evidence commit unless another is given. @throws Error when GitHub does not take it */
  async review(account: Account, seen: RunSeen, event = 'APPROVE', commit?: string): Promise<Answered> {
    const made = await this.tryReview(account, seen, event, commit);
    // An attack that GitHub does not let through proves nothing about us.
    if (made.status !== 200) throw new Error(`review: ${JSON.stringify(made.body)}`);
    return made;
  }

  /** The same, where GitHub may well refuse it. */
  tryReview(account: Account, seen: RunSeen, event = 'APPROVE', commit = seen.pullRequest?.evidenceSha ?? '') {
    const body = { event, commit_id: commit, body: 'Looked at it.' };
    return this.github(account, 'POST', `/pulls/${seen.pullRequest?.number}/reviews`, body);
  }

  /** A comment on the pull request of a run; its id. */
  async comment(account: Account, seen: RunSeen, body: string): Promise<string> {
    const made = await this.github(account, 'POST', `/issues/${seen.pullRequest?.number}/comments`, { body });
    if (made.status !== 201) throw new Error(`comment: ${JSON.stringify(made.body)}`);
    return String(made.body.id);
  }

  /** A vote in the pages, with whatever else is sent along, such as an assertion of a passkey. */
  async vote(
    person: string,
    seen: RunSeen,
    digest = seen.approval?.subjectDigest,
    decision = 'approve',
    more: Json = {},
  ): Promise<Answered> {
    const ask = await this.as(person);
    const body = { subjectDigest: digest, decision, reason: 'Mine.', ...more };
    return ask('POST', `/api/v1/runs/${seen.run.id}/votes`, body);
  }

  /** Pushes files as an account by GitHub's API; `parent` other than the head needs force. */
  async push(
    account: Account,
    branch: string,
    files: Record<string, string>,
    more: { parent?: string; message?: string; author?: Json } = {},
  ): Promise<string> {
    const head = await this.head(branch);
    const parent = more.parent ?? head ?? (await this.head('main')) ?? '';
    const commit = await this.github(account, 'GET', `/git/commits/${parent}`);
    const tree = await this.github(account, 'POST', '/git/trees', {
      base_tree: (commit.body.tree as Json).sha,
      tree: Object.entries(files).map(([path, content]) => ({ path, content, mode: '100644', type: 'blob' })),
    });
    const made = await this.github(account, 'POST', '/git/commits', {
      message: more.message ?? 'By hand',
      tree: tree.body.sha,
      parents: [parent],
      ...(more.author ? { author: more.author } : {}),
    });
    const sha = String(made.body.sha);
    const moved =
      head === undefined
        ? await this.github(account, 'POST', '/git/refs', { ref: `refs/heads/${branch}`, sha })
        : await this.github(account, 'PATCH', `/git/refs/heads/${branch}`, { sha, force: true });
    if (moved.status >= 300) throw new Error(`push: ${JSON.stringify(moved.body)}`);
    return sha;
  }

  async head(branch: string): Promise<string | undefined> {
    const { status, body } = await this.github('mallory', 'GET', `/git/ref/heads/${branch}`);
    return status === 200 ? String((body.object as Json).sha) : undefined;
  }

  /** The CI App calls a commit good under our check's name. */
  async forgeCheck(sha: string): Promise<void> {
    const check = { name: 'planwarden/plan', head_sha: sha, status: 'completed', conclusion: 'success' };
    await this.github('helper', 'POST', '/check-runs', check);
  }

  /** Mallory and the CI App bring a file into the base branch past everybody, by a pull request of their own. */
  async mergeByHand(path: string, content = '# By hand\n'): Promise<void> {
    this.#made += 1;
    const branch = `by-hand-${this.#made}`;
    const sha = await this.push('mallory', branch, { [path]: content });
    await this.forgeCheck(sha);
    const opened = await this.github('mallory', 'POST', '/pulls', { title: branch, head: branch, base: 'main' });
    const merged = await this.github('mallory', 'PUT', `/pulls/${opened.body.number}/merge`, { sha });
    if (merged.status !== 200) throw new Error(`merge by hand: ${JSON.stringify(merged.body)}`);
  }

  /** Sets what protects the repository, as its administrator would. */
  protect(change: Parameters<World['at']['github']['control']['protect']>[1]): void {
    this.world.at.github.control.protect('platform/infrastructure', change);
  }

  /** Rewrites planwarden.yaml as the operator would: the old file or the new one, never half of it. */
  configure(edit: (yaml: string) => string): () => void {
    const file = join(this.world.folder, 'planwarden.yaml');
    const before = readFileSync(file, 'utf8');
    const after = edit(before);
    if (after === before) throw new Error('the edit of planwarden.yaml changes nothing');
    const write = (text: string): void => {
      writeFileSync(`${file}.next`, text, { mode: 0o600 });
      renameSync(`${file}.next`, file);
    };
    write(after);
    return () => write(before);
  }

  /** Sends a webhook; signed with the secret that GitHub has unless another signature is given. */
  async deliver(body: string, signature = this.sign(body)): Promise<Answered> {
    const answer = await fetch(`${this.world.url}/webhooks/github`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
      body,
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
  }

  sign(body: string, secret = this.world.at.secrets.webhookSecret): string {
    return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  }

  /** A sample of /metrics; 0 where there is none. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.world.url}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  }

  /** Waits for a condition. @throws Error when it does not come */
  async until(isThere: () => boolean | Promise<boolean>): Promise<void> {
    const before = Date.now();
    while (!(await isThere())) {
      if (Date.now() - before > this.#patienceMs) throw new Error('what the attack waits for does not come');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits for the refusal (or, with a guard off, for the release) and then ends the run; what was met and released. */
  async outcome(run: string, refusal: string, more: readonly string[] = []): Promise<Tried> {
    const before = Date.now();
    const met = new Set(more);
    for (;;) {
      const { names, released, ended } = await this.#look(run);
      for (const name of names) met.add(name);
      if (released) return { refusals: [...met], gained: true };
      if (ended || (!this.isGuardOff && met.has(refusal))) break;
      if (Date.now() - before > this.#patienceMs) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.world.call('cancel_run', { run });
    const last = await this.world.until(run, (seen) => seen.run.ended);
    const gained = (await this.#look(run)).released;
    if (last.run.outcome) met.add(last.run.outcome.code);
    return { refusals: [...met], gained };
  }

  /** What confirm last found, as the pull request tells it. */
  async #toldOnPullRequest(sha: string | null | undefined): Promise<string[]> {
    if (!sha) return [];
    const { body } = await this.github('mallory', 'GET', `/commits/${sha}/check-runs?check_name=planwarden/confirm`);
    const checks = body.check_runs as { output: { title: string | null } }[];
    return checks.flatMap(({ output }) => /: ([A-Z_]+)$/.exec(output.title ?? '')?.[1] ?? []);
  }

  /** The names by which the product refuses now, by REST as a person and on the pull request; and whether our App merged it. */
  async #look(run: string): Promise<{ names: string[]; released: boolean; ended: boolean }> {
    const ask = await this.as('watcher');
    const { body } = await ask('GET', `/api/v1/runs/${run}`);
    const detail = body as unknown as {
      run: RunSeen['run'];
      pullRequest: RunSeen['pullRequest'];
      approval: { tally: { reached: boolean; rejects: unknown[]; uncounted: { code: string }[] } } | null;
    };
    const log = (await ask('GET', `/api/v1/runs/${run}/log`)).body as { events?: { code: string | null }[] };
    const names = (log.events ?? []).flatMap(({ code }) => code ?? []);
    if (detail.run.wait) names.push(`wait:${detail.run.wait.reason}`);
    const tally = detail.approval?.tally;
    if (tally) names.push(...tally.uncounted.map(({ code }) => code));
    if (tally && tally.rejects.length > 0) names.push('VOTE_REJECTED');
    else if (tally && !tally.reached) names.push('VOTES_BELOW_QUORUM');
    names.push(...(await this.#toldOnPullRequest(detail.pullRequest?.evidenceSha)));
    const number = detail.pullRequest?.number;
    const pull = number === undefined ? undefined : await this.github('mallory', 'GET', `/pulls/${number}`);
    const by = pull?.body.merged_by as { id?: number } | null | undefined;
    return { names, released: by?.id === RELEASE_BOT, ended: detail.run.ended };
  }
}

const greeting = (name: string): string => `resource "terraform_data" "${name}" {\n  input = "${name}"\n}\n`;
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

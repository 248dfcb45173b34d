import { randomBytes } from 'node:crypto';
import { ApiError } from '../http-kit.js';
import type { Account } from '../identity.js';
import { addReview, pullOf } from '../pull-acts.js';
import type { RestReply } from '../rest-endpoint.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { PullRecord } from '../state-store.js';
import { type Html, html, page } from './html.js';
import { pullList, pullPage } from './pull.page.js';

export interface PageRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  body: Uint8Array;
  cookie: string | undefined;
  origin: string | undefined;
  fetchSite: string | undefined;
}

const COOKIE = 'sandbox_github_session';
const PULL = /^\/ui\/([^/]+)\/([^/]+)\/pull\/(\d+)(\/review)?$/;
const SAFE = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/** The pages for people under /ui. Sessions live in memory: after a restart one signs in again. */
export class PagesEndpoint {
  private readonly sessions = new Map<string, number>();
  constructor(private readonly core: SandboxCore) {}

  async answer(request: PageRequest): Promise<RestReply> {
    const who = this.viewer(request);
    const show = (status: number, title: string, body: Html, headers: Record<string, string> = {}): RestReply => ({
      status,
      headers: { ...SAFE, ...headers },
      body: page(title, who?.login, request.path, body),
    });
    try {
      if (request.method === 'POST') return await this.post(request, who);
      if (request.method !== 'GET' && request.method !== 'HEAD') throw new ApiError(405, 'Method Not Allowed');
      if (request.path === '/ui' || request.path === '/ui/') return show(200, 'Pull requests', pullList(this.core));
      if (request.path === '/ui/sign-in') return show(200, 'Sign in', signInForm(request.query.next ?? '/ui'));
      const { repo, pull } = this.pull(request.path);
      const viewer = this.mayReview(repo, pull, who);
      return show(200, `${pull.title} #${pull.number}`, await pullPage(this.core, repo, pull, viewer));
    } catch (error) {
      if (!(error instanceof ApiError)) this.core.log.error({ error: String(error) }, 'a page of the sandbox failed');
      const refusal = error instanceof ApiError ? error : new ApiError(500, 'Something broke');
      const details = refusal.errors?.filter((one) => typeof one === 'string').join('; ');
      return show(
        refusal.status,
        'Not done',
        html`<h1>Not done</h1><p role="alert">${details || refusal.message}</p><p><a href="${request.path.replace(/\/review$/, '')}">Back</a></p>`,
      );
    }
  }

  private async post(request: PageRequest, who: Account | undefined): Promise<RestReply> {
    // Only forms of these pages: a page elsewhere must not vote with a reviewer's cookie.
    const foreign = request.fetchSite !== undefined && request.fetchSite !== 'same-origin';
    // A browser comes by loopback, whatever name others use.
    const ours = [this.core.url, `http://127.0.0.1:${new URL(this.core.url).port}`];
    if (foreign || (request.origin !== undefined && !ours.includes(request.origin)))
      throw new ApiError(403, 'This form came from another page');
    const form = new URLSearchParams(Buffer.from(request.body).toString('utf8'));
    if (request.path === '/ui/sign-in') return this.signIn(form);
    if (request.path === '/ui/sign-out') {
      this.sessions.delete(sessionOf(request.cookie));
      return redirect('/ui', `${COOKIE}=; Path=/ui; HttpOnly; SameSite=Strict; Max-Age=0`);
    }
    if (!request.path.endsWith('/review')) throw new ApiError(404, 'Not Found');
    const { repo, pull } = this.pull(request.path);
    await this.core.exclusively(async () => {
      const { mayReview, why } = this.mayReview(repo, pull, who);
      if (!who || !mayReview) throw new ApiError(403, why);
      if (form.get('head') !== pull.headSha)
        throw new ApiError(409, 'The branch moved since you looked. Look at the new commit, then decide.');
      const event = form.get('event') ?? '';
      if (event !== 'APPROVE' && event !== 'REQUEST_CHANGES') throw new ApiError(422, 'Choose what your review says');
      const input = { event, body: form.get('body') ?? '', commitId: pull.headSha };
      await this.core.faults.before('pulls/create-review');
      await addReview(this.core, repo, pull, who, input);
      await this.core.store.save();
      this.core.faults.count('pulls/create-review');
    });
    return redirect(request.path.replace(/\/review$/, ''));
  }

  private async signIn(form: URLSearchParams): Promise<RestReply> {
    const caller = await this.core.identities.caller(`token ${form.get('token')?.trim() || '-'}`);
    if (caller.kind !== 'user') throw new ApiError(403, 'Only people sign in here');
    const id = randomBytes(24).toString('base64url');
    this.sessions.set(id, caller.account.id);
    const next = form.get('next') ?? '';
    const target = /^\/ui(\/[A-Za-z0-9._~/-]*)?$/.test(next) && next !== '/ui/sign-in' ? next : '/ui';
    return redirect(target, `${COOKIE}=${id}; Path=/ui; HttpOnly; SameSite=Strict`);
  }

  private viewer({ cookie }: PageRequest): Account | undefined {
    const id = this.sessions.get(sessionOf(cookie));
    return id === undefined ? undefined : this.core.identities.byId(id);
  }

  private pull(path: string): { repo: RepositoryContext; pull: PullRecord } {
    const [, owner, name, number] = PULL.exec(path) ?? [];
    const repo = this.core.repository(owner ?? '', name ?? '');
    return { repo, pull: pullOf(repo, number) };
  }

  private mayReview(
    repo: RepositoryContext,
    pull: PullRecord,
    who: Account | undefined,
  ): { mayReview: boolean; why: string } {
    if (!who) return { mayReview: false, why: 'Sign in to review.' };
    if (!this.core.role(repo, who)) return { mayReview: false, why: 'You are no collaborator of this repository.' };
    if (pull.state === 'closed') return { mayReview: false, why: 'This pull request is closed.' };
    if (pull.userId === who.id) return { mayReview: false, why: 'Authors do not judge their own pull request.' };
    return { mayReview: true, why: '' };
  }
}

const sessionOf = (cookie: string | undefined): string =>
  new RegExp(`(?:^|; )${COOKIE}=([A-Za-z0-9_-]+)`).exec(cookie ?? '')?.[1] ?? '';

const redirect = (location: string, cookie?: string): RestReply => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', ...(cookie ? { 'set-cookie': cookie } : {}) },
  body: undefined,
});

const signInForm = (next: string): Html => html`<h1>Sign in</h1>
<form method="post" action="/ui/sign-in" class="box"><div class="in"><input type="hidden" name="next" value="${next}">
<label for="token">Personal access token of this sandbox</label>
<input id="token" name="token" type="password" autocomplete="off" required><div class="row"><button class="go">Sign in</button></div></div></form>`;

import { createHash, createPublicKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { ApiError, instant } from './http-kit.js';
import type { SandboxSeed, SeedApp, SeedUser } from './seed.js';
import type { StateStore } from './state-store.js';

/** Somebody that can own a commit, a pull request or a review. */
export interface Account {
  id: number;
  login: string;
  name: string;
  email: string;
  type: 'User' | 'Bot' | 'Organization';
}

export type Caller =
  | { kind: 'nobody' }
  | { kind: 'user'; account: Account }
  | { kind: 'app-jwt'; app: SeedApp; account: Account }
  | { kind: 'installation'; app: SeedApp; account: Account };

const noreply = (id: number, login: string): string => `${id}+${login}@users.noreply.github.com`;
const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const sameToken = (left: string, right: string): boolean =>
  timingSafeEqual(Buffer.from(digestOf(left)), Buffer.from(digestOf(right)));

/** GitHub's own committer of merges and of edits made through its pages. */
export const WEB_FLOW: Account = {
  id: 19864447,
  login: 'web-flow',
  name: 'GitHub',
  email: 'noreply@github.com',
  type: 'User',
};

/** Whose token the jobs of a workflow get. */
export const ACTIONS_APP: SeedApp = {
  ...{ id: 15_368, slug: 'github-actions', botId: 41_898_282, installationId: 1, permissions: {} },
};

export const userAccount = (user: SeedUser): Account => ({
  id: user.id,
  login: user.login,
  name: user.name ?? user.login,
  email: user.email ?? noreply(user.id, user.login),
  type: 'User',
});
export const botAccount = (app: SeedApp): Account => ({
  id: app.botId,
  login: `${app.slug}[bot]`,
  name: `${app.slug}[bot]`,
  email: noreply(app.botId, `${app.slug}[bot]`),
  type: 'Bot',
});

/** Who is who: accounts by id, login and email; callers by Authorization header. */
export class Identities {
  readonly accounts: Account[];
  /** Tokens of jobs under way, in memory only. */
  private readonly jobTokens = new Map<string, SeedApp>();

  constructor(
    readonly seed: SandboxSeed,
    private readonly store: StateStore,
    private readonly now: () => Date,
  ) {
    const owners = new Map(seed.repositories.map(({ owner }) => [owner.id, owner]));
    this.accounts = [
      ...seed.users.map(userAccount),
      ...seed.apps.map(botAccount),
      ...[...owners.values()].map(
        (owner): Account => ({
          ...owner,
          name: owner.login,
          email: noreply(owner.id, owner.login),
          type: 'Organization',
        }),
      ),
      WEB_FLOW,
      botAccount(ACTIONS_APP),
    ];
  }

  byId(id: number): Account {
    return this.accounts.find((account) => account.id === id) ?? ghost(id);
  }
  byLogin(login: string): Account | undefined {
    return this.accounts.find((account) => account.login.toLowerCase() === login.toLowerCase());
  }
  /** The account GitHub would show beside a commit; undefined where the address belongs to nobody. */
  byEmail(email: string): Account | undefined {
    return this.accounts.find((account) => account.email === email || noreply(account.id, account.login) === email);
  }

  async caller(header: string | undefined): Promise<Caller> {
    if (!header) return { kind: 'nobody' };
    const [scheme = '', token = ''] = header.trim().split(/\s+/, 2);
    if (!/^(bearer|token)$/i.test(scheme) || !token) throw new ApiError(401, 'Bad credentials');
    if (token.split('.').length === 3) return this.appCaller(token);
    const user = this.seed.users.find((candidate) => sameToken(candidate.token, token));
    if (user) return { kind: 'user', account: userAccount(user) };
    const fixed = this.seed.apps.find(
      (candidate) => candidate.token !== undefined && sameToken(candidate.token, token),
    );
    if (fixed) return { kind: 'installation', app: fixed, account: botAccount(fixed) };
    const digest = digestOf(token);
    const job = this.jobTokens.get(digest);
    if (job) return { kind: 'installation', app: job, account: botAccount(job) };
    const issued = this.store.state.tokens.find((candidate) => candidate.digest === digest);
    const app = this.seed.apps.find((candidate) => candidate.id === issued?.appId);
    if (!issued || !app || new Date(issued.expiresAt) <= this.now()) throw new ApiError(401, 'Bad credentials');
    return { kind: 'installation', app, account: botAccount(app) };
  }

  /** RS256 only, the App's id as issuer, at most ten minutes (and a minute of drift) from now: GitHub's rules. */
  private async appCaller(jwt: string): Promise<Caller> {
    for (const app of this.seed.apps) {
      if (!app.publicKey) continue;
      try {
        const { payload } = await jwtVerify(jwt, createPublicKey(app.publicKey), {
          algorithms: ['RS256'],
          requiredClaims: ['iat', 'exp', 'iss'],
          clockTolerance: 60,
          currentDate: this.now(),
        });
        if (String(payload.iss) !== String(app.id))
          throw new ApiError(401, "'Issuer' claim ('iss') must be an Integer");
        if ((payload.exp ?? 0) > this.now().getTime() / 1000 + 660)
          throw new ApiError(401, "'Expiration time' claim ('exp') is too far in the future");
        return { kind: 'app-jwt', app, account: botAccount(app) };
      } catch (error) {
        if (error instanceof errors.JWTExpired)
          throw new ApiError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time",
          );
        if (error instanceof ApiError) throw error;
      }
    }
    throw new ApiError(401, 'A JSON web token could not be decoded');
  }

  /** A token with what a workflow asked for, until its job ends. What the sandbox does not know gives nothing. */
  jobToken(permissions: Readonly<Record<string, string>>): string {
    const token = `ghs_${randomBytes(24).toString('hex')}`;
    const held = Object.entries(permissions).filter(([, level]) => level === 'read' || level === 'write');
    const app = { ...ACTIONS_APP, permissions: Object.fromEntries(held) as SeedApp['permissions'] };
    this.jobTokens.set(digestOf(token), app);
    return token;
  }
  endJobToken(token: string): void {
    this.jobTokens.delete(digestOf(token));
  }

  /** A new installation token, good for an hour. Only its digest is kept. */
  issueToken(app: SeedApp): { token: string; expires_at: string } {
    const token = `ghs_${randomBytes(24).toString('hex')}`;
    const expires = instant(new Date(this.now().getTime() + 3_600_000));
    const kept = this.store.state.tokens.filter((entry) => new Date(entry.expiresAt) > this.now());
    this.store.state.tokens = [...kept, { digest: digestOf(token), appId: app.id, expiresAt: expires }];
    return { token, expires_at: expires };
  }
}

const ghost = (id: number): Account => ({
  id,
  login: 'ghost',
  name: 'ghost',
  email: noreply(id, 'ghost'),
  type: 'User',
});

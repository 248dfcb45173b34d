import { request } from 'node:http';
import type { Attack, Tried } from '../attack.js';
import { type Answered, codesOf, type Stage } from '../stage.js';

/** Attacks on the doors: tokens, sessions, other sites, links. */

const voteBody = (digest: string | undefined) => ({ subjectDigest: digest, decision: 'approve', reason: 'Mine.' });

/** A vote by whatever headers; then what became of the run. */
async function voteWith(stage: Stage, headers: Record<string, string>, refusal: string): Promise<Tried> {
  const seen = stage.isGuardOff ? await stage.fresh() : await stage.shared();
  const path = `/api/v1/runs/${seen.run.id}/votes`;
  const said = await stage.ask(`${stage.world.url}${path}`, 'POST', voteBody(seen.approval?.subjectDigest), headers);
  if (said.status >= 400 && !stage.isGuardOff) return { refusals: codesOf(said), gained: false };
  return stage.outcome(seen.run.id, refusal, codesOf(said));
}

/** As fetch, with a Host header of one's own. */
function askAs(host: string, url: string, headers: Record<string, string>, body: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: { ...headers, host, 'content-type': 'application/json' } });
    sent.once('error', reject);
    sent.once('response', async (answer) => {
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part as Buffer);
      const text = Buffer.concat(parts).toString('utf8');
      resolve({ status: answer.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) });
    });
    sent.end(body);
  });
}

export const DOOR_ATTACKS: readonly Attack[] = [
  {
    id: 'agent-token-votes',
    tries: 'the agent votes by REST with its token beside a cookie it got hold of',
    guard: 'audience',
    refusal: 'AUDIENCE_REFUSED',
    run: async (stage) => {
      const { cookie, csrf } = await stage.session('reviewer');
      const authorization = `Bearer ${stage.world.agentToken}`;
      return voteWith(stage, { authorization, cookie, 'x-csrf-token': csrf }, 'AUDIENCE_REFUSED');
    },
  },
  {
    id: 'agent-token-alone-votes',
    tries: 'the agent votes by REST with its token alone',
    guard: 'audience',
    refusal: 'AUDIENCE_REFUSED',
    run: (stage) => voteWith(stage, { authorization: `Bearer ${stage.world.agentToken}` }, 'AUDIENCE_REFUSED'),
  },
  {
    id: 'agent-token-discards',
    tries: 'the agent discards a run by REST',
    guard: 'audience',
    refusal: 'AUDIENCE_REFUSED',
    run: async (stage) => {
      const seen = await stage.shared();
      const headers = { authorization: `Bearer ${stage.world.agentToken}` };
      const path = `/api/v1/runs/${seen.run.id}/discard`;
      const said = await stage.ask(`${stage.world.url}${path}`, 'POST', { reason: 'No.' }, headers);
      return { refusals: codesOf(said), gained: said.status === 202 };
    },
  },
  {
    id: 'agent-token-makes-link',
    tries: 'the agent makes itself a sign-in link of an approver',
    guard: 'operator',
    refusal: 'TOKEN_INVALID',
    run: async (stage) => {
      const headers = { authorization: `Bearer ${stage.world.agentToken}` };
      const url = `${stage.world.url}/api/v1/sign-in-links`;
      const made = await stage.ask(url, 'POST', { person: 'reviewer' }, headers);
      if (made.status >= 400) return { refusals: codesOf(made), gained: false };
      const { cookie, csrf } = await stage.open(String(made.body.url).split('#')[1] ?? '');
      return voteWith(stage, { cookie, 'x-csrf-token': csrf }, 'TOKEN_INVALID');
    },
  },
  {
    id: 'sign-in-link-replayed',
    tries: 'somebody uses a sign-in link that an approver has used',
    guard: 'link-once',
    refusal: 'SIGN_IN_LINK_INVALID',
    run: async (stage) => {
      const { link } = await stage.session('reviewer');
      const { cookie, csrf } = await stage.open(link);
      if (cookie === '') return { refusals: ['SIGN_IN_LINK_INVALID'], gained: false };
      return voteWith(stage, { cookie, 'x-csrf-token': csrf }, 'SIGN_IN_LINK_INVALID');
    },
  },
  {
    id: 'session-signed-out',
    tries: 'somebody uses the cookie of a session from which the approver has signed out',
    guard: 'session-ended',
    refusal: 'SESSION_MISSING',
    run: async (stage) => {
      const { cookie, csrf } = await stage.session('reviewer');
      const headers = { cookie, 'x-csrf-token': csrf };
      const out = await stage.ask(`${stage.world.url}/api/v1/session`, 'DELETE', undefined, headers);
      if (out.status !== 204) throw new Error('the approver could not sign out');
      return voteWith(stage, headers, 'SESSION_MISSING');
    },
  },
  {
    id: 'csrf-token-missing',
    tries: "a form elsewhere votes with the approver's cookie",
    guard: 'csrf',
    refusal: 'CSRF_INVALID',
    run: async (stage) => voteWith(stage, { cookie: (await stage.session('reviewer')).cookie }, 'CSRF_INVALID'),
  },
  {
    id: 'csrf-token-of-another',
    tries: "somebody signed in votes with the approver's cookie and a CSRF token of their own",
    guard: 'csrf',
    refusal: 'CSRF_INVALID',
    run: async (stage) => {
      const [{ cookie }, { csrf }] = [await stage.session('reviewer'), await stage.session('watcher')];
      return voteWith(stage, { cookie, 'x-csrf-token': csrf }, 'CSRF_INVALID');
    },
  },
  {
    id: 'form-in-plain-text',
    tries: "a form elsewhere sends JSON as plain text, which a browser does unasked, with the approver's cookie",
    guard: 'csrf',
    refusal: 'CSRF_INVALID',
    run: async (stage) => {
      const { cookie } = await stage.session('reviewer');
      return voteWith(stage, { cookie, 'content-type': 'text/plain' }, 'CSRF_INVALID');
    },
  },
  {
    id: 'origin-null',
    tries: 'a page in a sandboxed frame, whose origin is null, votes with all that the browser has',
    guard: 'origin',
    refusal: 'ORIGIN_REFUSED',
    run: async (stage) => {
      const { cookie, csrf } = await stage.session('reviewer');
      return voteWith(stage, { cookie, 'x-csrf-token': csrf, origin: 'null' }, 'ORIGIN_REFUSED');
    },
  },
  {
    id: 'origin-of-another-site',
    tries: 'a page of another site votes with all that the browser has',
    guard: 'origin',
    refusal: 'ORIGIN_REFUSED',
    run: async (stage) => {
      const { cookie, csrf } = await stage.session('reviewer');
      return voteWith(stage, { cookie, 'x-csrf-token': csrf, origin: 'http://evil.test' }, 'ORIGIN_REFUSED');
    },
  },
  {
    id: 'host-rebound',
    tries: 'a name that was pointed at this machine carries a vote here',
    guard: 'host',
    refusal: 'HOST_REFUSED',
    run: async (stage) => {
      const { cookie, csrf } = await stage.session('reviewer');
      const seen = stage.isGuardOff ? await stage.fresh() : await stage.shared();
      const url = `${stage.world.url}/api/v1/runs/${seen.run.id}/votes`;
      const body = JSON.stringify(voteBody(seen.approval?.subjectDigest));
      const said = await askAs('rebound.evil.test', url, { cookie, 'x-csrf-token': csrf }, body);
      if (said.status >= 400) return { refusals: codesOf(said), gained: false };
      return stage.outcome(seen.run.id, 'HOST_REFUSED');
    },
  },
  {
    id: 'vote-while-read-only',
    tries: 'an approver votes while the operator holds the installation still',
    guard: 'read-only',
    refusal: 'READ_ONLY',
    run: async (stage) => {
      const seen = await stage.fresh();
      const back = stage.configure((yaml) => yaml.replace('mode: sandbox', 'mode: sandbox\nreadOnly: true'));
      try {
        const said = await stage.vote('reviewer', seen);
        if (!stage.isGuardOff) return { refusals: codesOf(said), gained: false };
        return await stage.outcome(seen.run.id, 'READ_ONLY', codesOf(said));
      } finally {
        back();
      }
    },
  },
];

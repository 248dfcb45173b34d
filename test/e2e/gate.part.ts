import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DOOR_TRICKS, type Held, knock } from './door-tricks.js';
import { hasEnded, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from './world.js';

describe('votes and ends', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.stop();
  });

  let made = 0;
  async function waitingRun(): Promise<RunSeen> {
    made += 1;
    return world.until(await world.propose({ ...NGINX, name: `gate-${made}` }), waitsForApproval);
  }
  const pullOf = ({ pullRequest }: RunSeen) => ({
    number: pullRequest?.number ?? 0,
    sha: pullRequest?.evidenceSha ?? '',
    branch: pullRequest?.branch ?? '',
  });
  const push = (branch: string, path: string, login = 'olivia-owner') =>
    world.at.github.control.push({
      repository: 'platform/infrastructure',
      branch,
      files: { [path]: `# pushed by hand ${Math.random()}\n` },
      login,
    });
  const inRound = (round: number) => (seen: RunSeen) =>
    seen.run.ended || (seen.run.round === round && waitsForApproval(seen));
  async function voteAs(person: string, seen: RunSeen, decision = 'approve') {
    const rest = await world.signIn(person);
    return rest('POST', `/api/v1/runs/${seen.run.id}/votes`, {
      subjectDigest: seen.approval?.subjectDigest,
      decision,
      reason: 'Not now.',
    });
  }

  describe('who may not approve', () => {
    test('the person the agent asks for: in the pages, and by a review at GitHub', async () => {
      const waiting = await waitingRun();
      const { number, sha } = pullOf(waiting);
      expect(await voteAs('owner', waiting)).toMatchObject({ status: 403, body: { code: 'VOTER_IS_REQUESTER' } });
      expect(await world.review('olivia-owner', number, 'APPROVE', sha)).toBe(200);
      const rest = await world.signIn('reviewer');
      const uncounted = async () => {
        const { body } = await rest('GET', `/api/v1/runs/${waiting.run.id}`);
        return (body.approval as { tally: { uncounted: { code: string }[] } } | null)?.tally.uncounted.map(
          (one) => one.code,
        );
      };
      expect(await uncounted()).toEqual(['VOTER_IS_REQUESTER']);
      expect((await world.until(waiting.run.id, waitsForApproval)).run.state).toBe('awaiting_approval');
      // Their no is heard all the same.
      expect(await voteAs('owner', waiting, 'reject')).toMatchObject({ status: 201 });
      expect(await voteAs('reviewer', waiting)).toMatchObject({ status: 201 });
      const rejected = ({ run }: RunSeen) => run.ended || (run.wait?.message.includes('owner rejects') ?? false);
      expect((await world.until(waiting.run.id, rejected)).run.ended).toBe(false);
      await world.call('cancel_run', { run: waiting.run.id });
    });

    // gate: review-names-commit
    test('a review of another commit than the evidence; an account without write access cannot even review', async () => {
      const waiting = await waitingRun();
      const { number, sha } = pullOf(waiting);
      const target = world.at.app.services.config.target('staging');
      const code = (await world.at.app.services.sourceControl(target).commit(sha)).parents[0] ?? '';
      expect(await world.review('argocd-reader', number, 'APPROVE', sha)).toBe(403);
      expect(await world.review('ravi-reviewer', number, 'APPROVE', code)).toBe(200);
      const rest = await world.signIn('reviewer');
      const { body } = await rest('GET', `/api/v1/runs/${waiting.run.id}`);
      const { uncounted } = (body.approval as { tally: { uncounted: { code: string }[] } }).tally;
      expect(uncounted.map((one) => one.code)).toEqual(['VOTE_ON_OTHER_COMMIT']);
    });
  });

  describe('at the door of a decision', () => {
    let held: Held;
    let csrf: string;
    let waiting: RunSeen;
    beforeAll(async () => {
      waiting = await waitingRun();
      const token = await world.at.app.sessions.createLink('reviewer');
      const opened = await fetch(`${world.url}/api/v1/session`, { method: 'POST', body: JSON.stringify({ token }) });
      csrf = ((await opened.json()) as { csrfToken: string }).csrfToken;
      held = {
        ...{ run: waiting.run.id, digest: waiting.approval?.subjectDigest ?? '', agentToken: world.agentToken },
        cookie: opened.headers.get('set-cookie')?.split(';')[0] ?? '',
      };
    });
    afterAll(async () => {
      // Whatever was answered: nobody voted.
      expect(await world.at.app.services.votes.list(held.run, 1)).toEqual([]);
      await world.call('cancel_run', { run: held.run });
    });

    // gate: audience
    test.each(DOOR_TRICKS)('%s opens nothing: %s', async (_, code, trick) => {
      expect(await knock(world.url, held, trick(held))).toMatchObject({ code });
    });

    test.each([
      ['keys of the prototype', '{"__proto__":{"decision":"approve"},"subjectDigest":"DIGEST","decision":"approve"}'],
      ['a constructor', '{"constructor":{"prototype":{}},"subjectDigest":"DIGEST","decision":"approve"}'],
      ['a list', '[{"subjectDigest":"DIGEST","decision":"approve"}]'],
      ['lists for words', '{"subjectDigest":["DIGEST"],"decision":["approve"]}'],
      ['another who', '{"subjectDigest":"DIGEST","decision":"approve","person":"owner","assurance":"presence"}'],
    ])('a vote with everything it takes and %s is refused', async (_, body) => {
      const headers = { cookie: held.cookie, 'x-csrf-token': csrf };
      const path = `/api/v1/runs/${held.run}/votes`;
      expect(await knock(world.url, held, { path, headers, body: body.replace('DIGEST', held.digest) })).toMatchObject({
        status: 400,
        code: 'INPUT_INVALID',
      });
    });

    test('signing in never takes a session that was there, and who is no longer among the people sees nothing', async () => {
      const link = await world.at.app.sessions.createLink('reviewer');
      const headers = { cookie: 'planwarden_session=chosen-by-somebody-else' };
      const body = JSON.stringify({ token: link });
      expect(await knock(world.url, held, { path: '/api/v1/session', headers, body })).toMatchObject({ status: 201 });
      const look = { method: 'GET', path: `/api/v1/runs/${held.run}` };
      expect(await knock(world.url, held, { ...look, headers })).toMatchObject({ code: 'SESSION_MISSING' });
      const gone = await world.at.app.sessions.signIn(await world.at.app.sessions.createLink('nobody-any-more'));
      const old = { cookie: `planwarden_session=${gone}` };
      for (const path of [look.path, `${look.path}/log`, '/api/v1/runs', '/api/v1/targets', '/api/v1/locks']) {
        expect(await knock(world.url, held, { ...look, path, headers: old })).toMatchObject({
          code: 'SESSION_MISSING',
        });
      }
    });
  });

  test('whoever signed out hears no more of a run, also where the page was left open', async () => {
    const waiting = await waitingRun();
    const token = await world.at.app.sessions.signIn(await world.at.app.sessions.createLink('reviewer'));
    const heard = await fetch(`${world.url}/api/v1/runs/${waiting.run.id}/events`, {
      headers: { cookie: `planwarden_session=${token}`, 'last-event-id': '0' },
    });
    const parts = (heard.body as ReadableStream<Uint8Array>).getReader();
    const next = async () => {
      const { done, value } = await parts.read();
      return done ? null : Buffer.from(value).toString('utf8');
    };
    let text = '';
    while (!text.includes(waiting.run.id)) {
      const part = await next();
      if (part === null) throw new Error('the stream ended before it told of the run');
      text += part;
    }
    await world.at.app.sessions.end(token);
    await world.call('cancel_run', { run: waiting.run.id });
    await world.until(waiting.run.id, hasEnded);
    for (let part = await next(); part !== null; part = await next()) {
      text += part;
      expect(text).not.toContain('run:cancel');
    }
  });

  describe('what voids a vote', () => {
    test('a push to the branch begins a new round; the pusher may not vote on it, a fresh approval may', async () => {
      const first = await waitingRun();
      const { branch, number, sha } = pullOf(first);
      await push(branch, `environments/staging/gate-${made}/note.yaml`, 'ravi-reviewer');
      expect(await world.review('ravi-reviewer', number, 'APPROVE', sha)).toBe(200);
      // The pushed file is no manifest that can be read as an object, so it changes nothing in the cluster.
      const second = await world.until(first.run.id, inRound(2));
      expect(second.run.round).toBe(2);
      expect(await voteAs('reviewer', second)).toMatchObject({ status: 403, body: { code: 'VOTER_IS_AUTHOR' } });
      expect(second.approval?.subjectDigest).not.toBe(first.approval?.subjectDigest);
      expect(await voteAs('reviewer', first)).toMatchObject({ status: 403 });
    });

    test.each([
      ['environments/staging/apps/hidden.json', 'errored', 'NOT_SUPPORTED'],
      ['environments/staging/CODEOWNERS', 'policy_failed', 'POLICY_DENIED'],
    ])('a pushed %s, which the plan would not show, ends it', async (path, state, code) => {
      const first = await waitingRun();
      await push(pullOf(first).branch, path, 'ravi-reviewer');
      await world.review('ravi-reviewer', pullOf(first).number, 'APPROVE', pullOf(first).sha);
      const { run } = await world.until(first.run.id, (seen) => hasEnded(seen) || inRound(2)(seen));
      expect([run.state, run.outcome?.code]).toEqual([state, code]);
    });

    test('a base that moved below the target is brought in, planned again and approved again', async () => {
      const first = await waitingRun();
      await push('main', 'environments/staging/elsewhere/README.md');
      await world.review('ravi-reviewer', pullOf(first).number, 'APPROVE', pullOf(first).sha);
      const second = await world.until(first.run.id, inRound(2));
      expect(second.run).toMatchObject({ ended: false, round: 2 });
      expect(pullOf(second).sha).not.toBe(pullOf(first).sha);
      await world.review('ravi-reviewer', pullOf(second).number, 'APPROVE', pullOf(second).sha);
      const ended = await world.until(first.run.id, hasEnded);
      expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    });

    // gate: page-digest
    test('a page that shows an older subject is told so', async () => {
      const waiting = await waitingRun();
      const rest = await world.signIn('reviewer');
      const stale = await rest('POST', `/api/v1/runs/${waiting.run.id}/votes`, {
        subjectDigest: `sha256:${'0'.repeat(64)}`,
        decision: 'approve',
      });
      expect(stale).toMatchObject({ status: 409, body: { code: 'SUBJECT_CHANGED' } });
    });
  });

  describe('other ends', () => {
    test('a reject keeps it waiting; discard ends it and closes the pull request', async () => {
      const waiting = await waitingRun();
      expect((await voteAs('reviewer', waiting, 'reject')).status).toBe(201);
      const rest = await world.signIn('reviewer');
      expect((await rest('POST', `/api/v1/runs/${waiting.run.id}/discard`, { reason: 'Not wanted.' })).status).toBe(
        202,
      );
      const ended = await world.until(waiting.run.id, hasEnded);
      expect(ended.run.state).toBe('discarded');
      const target = world.at.app.services.config.target('staging');
      const pull = await world.at.app.services.sourceControl(target).pullRequest(pullOf(waiting).number);
      expect(pull.state).toBe('closed');
    });

    test('cancel_run ends it canceled; an agent cannot cancel what has ended', async () => {
      const waiting = await waitingRun();
      expect((await world.call('cancel_run', { run: waiting.run.id })).isError).toBe(false);
      expect((await world.until(waiting.run.id, hasEnded)).run.state).toBe('canceled');
      expect((await world.call('cancel_run', { run: waiting.run.id })).data).toMatchObject({ code: 'RUN_ENDED' });
    });

    test('a pull request that a person closes ends it superseded', async () => {
      const waiting = await waitingRun();
      const answer = await fetch(
        `${world.at.github.url}/repos/platform/infrastructure/pulls/${pullOf(waiting).number}`,
        {
          method: 'PATCH',
          headers: {
            authorization: `Bearer ${world.at.secrets.people['ravi-reviewer'] ?? ''}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ state: 'closed' }),
        },
      );
      expect(answer.status).toBe(200);
      const ended = await world.until(waiting.run.id, hasEnded);
      expect(ended.run).toMatchObject({ state: 'superseded', outcome: { code: 'PR_CLOSED' } });
    });

    test('a call to a namespace outside the target is denied by policy before it leaves', async () => {
      const { services } = world.at.app;
      const { requests } = world.at.kubernetes.control;
      const before = requests().length;
      await expect(
        services.gateway.call({
          server: 'kubernetes',
          tool: 'pods_list_in_namespace',
          args: { namespace: 'kube-system' },
          run: `run_${'0'.repeat(32)}`,
          step: 'verify',
          target: services.config.target('staging'),
          signal: AbortSignal.timeout(10_000),
        }),
      ).rejects.toMatchObject({ code: 'POLICY_DENIED', where: { rule: 'call-namespace-outside-target' } });
      expect(
        requests()
          .slice(before)
          .filter((seen) => JSON.stringify(seen).includes('kube-system')),
      ).toEqual([]);
    });
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { breakGlassChallenge, verifyPresence, voteChallenge } from '@planwarden/approvals';
import type { RunDetail, Vote } from '@planwarden/contracts';
import { SoftwarePasskey } from '../../libs/approvals/src/authenticator.spec-kit.js';
import { hasEnded, type Json, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from './world.js';

describe('roads of a vote', () => {
  /** A passkey that the operator wrote down for the reviewer, and a third person. */
  let world: World;
  let site: { rpId: string; origin: string };
  let key: SoftwarePasskey;
  let made = 0;

  const configFile = () => join(world.folder, 'planwarden.yaml');
  const edit = (change: (yaml: string) => string) =>
    writeFileSync(configFile(), change(readFileSync(configFile(), 'utf8')));
  const withTarget = (settings: string) => (yaml: string) =>
    yaml.replace(/^ {4}quorum: .*\n(?: {4}presenceVotes: .*\n)?/m, settings);

  beforeAll(async () => {
    world = await startWorld({ poll: { firstMs: 1000, longestMs: 2000 } }, undefined, (yaml) =>
      yaml
        .replace(
          '\nagents:',
          `  - id: third
    name: Thea Third
    github: { id: 1003, login: thea-third }
    persona: devops
    roles: { staging: [approver, security] }

agents:`,
        )
        .replace('quorum: 1', 'quorum: { votes: 1, roles: { security: 1 } }'),
    );
    site = { rpId: 'localhost', origin: world.url.replace('127.0.0.1', 'localhost') };
    key = new SoftwarePasskey(site);
    edit((yaml) =>
      withTarget('    quorum: 1\n')(yaml)
        .replace(
          'login: ravi-reviewer }\n',
          `login: ravi-reviewer }\n    passkeys:\n      - id: ${key.id}\n        publicKey: ${key.publicKey}\n`,
        )
        .replace('roles: { staging: [approver, security] }', 'roles: { staging: approver }'),
    );
  });
  afterAll(async () => {
    await world.stop();
  });

  async function waitingRun(): Promise<RunSeen> {
    made += 1;
    return world.until(await world.propose({ ...NGINX, name: `roads-${made}` }), waitsForApproval);
  }
  const pullOf = ({ pullRequest }: RunSeen) => ({
    number: pullRequest?.number ?? 0,
    sha: pullRequest?.evidenceSha ?? '',
  });
  const digestOf = ({ approval }: RunSeen) => approval?.subjectDigest ?? '';
  const short = (seen: RunSeen) => digestOf(seen).slice(7, 19);
  const tallyOf = async (run: string) => {
    const rest = await world.signIn('reviewer');
    const { body } = await rest('GET', `/api/v1/runs/${run}`);
    return (body.approval as { tally: { approvals: Vote[]; uncounted: { code: string }[]; missing: string[] } }).tally;
  };
  const atGitHub = async (login: string, method: string, path: string, body?: Json) => {
    const answer = await fetch(`${world.at.github.url}/repos/platform/infrastructure${path}`, {
      method,
      headers: { authorization: `Bearer ${world.at.secrets.people[login] ?? ''}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (answer.status === 204 ? {} : await answer.json()) as Json };
  };
  const inRound = (round: number) => (seen: RunSeen) =>
    seen.run.ended || (seen.run.round === round && waitsForApproval(seen));
  const isFrozen = ({ run }: RunSeen) => run.ended || run.wait?.reason === 'freeze';

  describe('roads of a vote', () => {
    // gate: roads-one-shape
    test('a review, a comment and a vote here name byte-equal subjects, and each person counts once', async () => {
      edit(withTarget('    quorum: 2\n'));
      const rest = await world.signIn('owner');
      const asked = await rest('POST', '/api/v1/runs', {
        target: 'staging',
        title: 'By a person',
        template: { name: 'web-application', parameters: { ...NGINX, name: 'roads-three' } },
      });
      const run = await world.until(String(asked.body.id), inRound(1));
      const { number, sha } = pullOf(run);
      await world.review('ravi-reviewer', number, 'APPROVE', sha);
      await world.comment('ravi-reviewer', number, `/planwarden approve ${short(run)}`);
      await (await world.signIn('reviewer'))('POST', `/api/v1/runs/${run.run.id}/votes`, {
        subjectDigest: digestOf(run),
        decision: 'approve',
      });
      const one = await tallyOf(run.run.id);
      expect(one.approvals.map(({ person }) => person)).toEqual(['reviewer']);
      await world.comment('thea-third', number, `/planwarden approve ${short(run)}\n\nFine by me.`);
      const ended = await world.until(run.run.id, hasEnded);
      expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
      const { approvals } = await tallyOf(run.run.id);
      expect(approvals.map(({ subjectDigest }) => subjectDigest)).toEqual([digestOf(run), digestOf(run)]);
      expect(approvals.find(({ person }) => person === 'third')).toMatchObject({
        road: 'pull_request_comment',
        githubId: 1003,
        reason: 'Fine by me.',
      });
      edit(withTarget('    quorum: 1\n'));
    });

    // gate: reject-blocks
    test('an edited comment and one of another digest are no votes; a deleted reject stands until its writer approves', async () => {
      const waiting = await waitingRun();
      const { number } = pullOf(waiting);
      const id = await world.comment('ravi-reviewer', number, `/planwarden approve ${'0'.repeat(12)}`);
      await atGitHub('ravi-reviewer', 'PATCH', `/issues/comments/${id}`, {
        body: `/planwarden approve ${short(waiting)}`,
      });
      const gone = await world.comment('thea-third', number, `/planwarden reject ${short(waiting)}`);
      const tally = await tallyOf(waiting.run.id);
      expect(tally.uncounted.map(({ code }) => code)).toEqual(['VOTE_EDITED']);
      expect(tally.missing.join()).toContain('third rejects');
      expect((await atGitHub('thea-third', 'DELETE', `/issues/comments/${gone}`)).status).toBe(204);
      expect((await tallyOf(waiting.run.id)).missing.join()).toContain(
        'third rejects this change; the reject was deleted',
      );
      await world.comment('thea-third', number, `/planwarden approve ${short(waiting)}`);
      const { state, outcome } = (await world.until(waiting.run.id, hasEnded)).run;
      expect([state, outcome]).toEqual(['applied', null]);
    });
  });

  describe('presence', () => {
    test('where it is asked for, only a passkey approves; the record verifies without us', async () => {
      edit(withTarget('    quorum: 1\n    presenceVotes: 1\n'));
      const waiting = await waitingRun();
      const id = waiting.run.id;
      const rest = await world.signIn('reviewer', 'localhost');
      const vote = (presence?: Json) =>
        rest('POST', `/api/v1/runs/${id}/votes`, {
          subjectDigest: digestOf(waiting),
          decision: 'approve',
          ...(presence === undefined ? {} : { presence }),
        });
      const assertion = () => key.assert(voteChallenge(digestOf(waiting)));
      expect((await vote()).status).toBe(201);
      expect((await tallyOf(id)).missing.join()).toContain('with a passkey');
      const stranger = new SoftwarePasskey(site);
      const foreign = await (await world.signIn('third', 'localhost'))('POST', `/api/v1/runs/${id}/votes`, {
        subjectDigest: digestOf(waiting),
        decision: 'approve',
        presence: assertion(),
      });
      expect(foreign.body.code).toBe('PASSKEY_UNKNOWN');
      expect((await vote(stranger.assert(voteChallenge(digestOf(waiting))))).body.code).toBe('PASSKEY_UNKNOWN');
      expect((await vote(key.assert(voteChallenge(`sha256:${'1'.repeat(64)}`)))).body.code).toBe('PRESENCE_INVALID');
      expect((await vote(key.assert(breakGlassChallenge(digestOf(waiting))))).body.code).toBe('PRESENCE_INVALID');
      const atAddress = await (await world.signIn('reviewer'))('POST', `/api/v1/runs/${id}/votes`, {
        subjectDigest: digestOf(waiting),
        decision: 'approve',
        presence: assertion(),
      });
      expect(atAddress.body).toMatchObject({ code: 'PRESENCE_INVALID', message: expect.stringContaining('localhost') });
      const good = assertion();
      expect((await vote(good)).status).toBe(201);
      expect((await vote(good)).body.code).toMatch(/PRESENCE_REPLAYED|NOT_AWAITING_APPROVAL/);
      expect((await world.until(id, hasEnded)).run.state).toBe('applied');
      const [kept] = (await tallyOf(id)).approvals;
      if (!kept?.presence) throw new Error('the vote kept no assertion');
      await expect(verifyPresence(kept.presence, voteChallenge(kept.subjectDigest))).resolves.toMatchObject({});
      edit(withTarget('    quorum: 1\n'));
    });

    // gate: self-approval
    test('where one person is all there are, who asked approves with a passkey alone, and it is said everywhere', async () => {
      const before = readFileSync(configFile(), 'utf8');
      const own = new SoftwarePasskey(site);
      const passkey = `    passkeys:\n      - id: ${own.id}\n        publicKey: ${own.publicKey}\n`;
      edit((yaml) =>
        withTarget('    quorum: 1\n')(yaml)
          .replace(/^ {2}- id: reviewer\n[\s\S]*?(?=^agents:)/m, '')
          .replace('login: olivia-owner }\n', `login: olivia-owner }\n${passkey}`),
      );
      const waiting = await waitingRun();
      const id = waiting.run.id;
      const rest = await world.signIn('owner', 'localhost');
      const seen = async () => {
        const { approval } = (await rest('GET', `/api/v1/runs/${id}`)).body as unknown as RunDetail;
        if (!approval) throw new Error('nobody is asked');
        return approval.tally;
      };
      const vote = { subjectDigest: digestOf(waiting), decision: 'approve' };
      await world.review('olivia-owner', pullOf(waiting).number, 'APPROVE', pullOf(waiting).sha);
      expect((await rest('POST', `/api/v1/runs/${id}/votes`, vote)).status).toBe(201);
      expect(await seen()).toMatchObject({ reached: false, uncounted: [{ code: 'ASSURANCE_TOO_LOW' }] });
      const presence = own.assert(voteChallenge(digestOf(waiting)));
      expect((await rest('POST', `/api/v1/runs/${id}/votes`, { ...vote, presence })).status).toBe(201);
      expect((await world.until(id, hasEnded)).run.state).toBe('applied');
      expect(await seen()).toMatchObject({ selfApproved: ['owner'], approvals: [{ assurance: 'presence' }] });
      const log = await world.call('get_run_log', { run: id });
      expect(JSON.stringify(log.data)).toContain('self_approved by owner, with a passkey');
      const page = await fetch(`${world.at.github.url}/ui/platform/infrastructure/pull/${pullOf(waiting).number}`);
      expect(await page.text()).toContain('Approved: 1 of 1; self_approved by owner');
      edit(() => before);
    });

    test('a first passkey at the first sign-in, a further one by it, and neither for a run that waits', async () => {
      const waiting = await waitingRun();
      const first = new SoftwarePasskey(site);
      const rest = await world.signIn('third', 'localhost');
      const begin = async (as = rest) => String((await as('POST', '/api/v1/passkeys/enrolments', {})).body.challenge);
      // Third has signed in before: the operator has to write it down.
      const challenge = await begin();
      const refused = await rest('POST', '/api/v1/passkeys', { challenge, registration: first.register(challenge) });
      expect(refused).toMatchObject({
        status: 201,
        body: { enrolled: false, entry: { id: first.id, publicKey: first.publicKey } },
      });
      edit((yaml) =>
        yaml.replace(
          'login: thea-third }\n',
          `login: thea-third }\n    passkeys:\n      - id: ${first.id}\n        publicKey: ${first.publicKey}\n`,
        ),
      );
      expect((await rest('GET', '/api/v1/passkeys')).body).toMatchObject({
        nextBy: 'passkey',
        passkeys: [{ credentialId: first.id, enrolledBy: 'operator', counts: true }],
      });
      const second = new SoftwarePasskey(site);
      const again = await begin();
      const alone = await rest('POST', '/api/v1/passkeys', { challenge: again, registration: second.register(again) });
      expect(alone.body.code).toBe('PASSKEY_REFUSED');
      const last = await begin();
      const added = await rest('POST', '/api/v1/passkeys', {
        challenge: last,
        registration: second.register(last),
        assertion: first.assert(last),
      });
      expect(added.body).toMatchObject({ enrolled: true });
      const vote = await rest('POST', `/api/v1/runs/${waiting.run.id}/votes`, {
        subjectDigest: digestOf(waiting),
        decision: 'approve',
        presence: second.assert(voteChallenge(digestOf(waiting))),
      });
      expect(vote.body.code).toBe('PASSKEY_TOO_NEW');
      expect((await rest('DELETE', `/api/v1/passkeys/${second.id}`)).status).toBe(204);
      expect((await rest('GET', '/api/v1/passkeys')).body).toMatchObject({
        passkeys: [{ counts: true }, { credentialId: second.id, counts: false }],
      });
      await world.call('cancel_run', { run: waiting.run.id });
    });
  });

  // gate: neutral-keeps
  test('a release with another bundle that judges the same is asked again, and the votes stand', async () => {
    const waiting = await waitingRun();
    const { services } = world.at.app;
    const shipped = services.guardrails.bundleDigest;
    // Policy changes by a restart with another release; what a run sees of it is another digest and the new verdict.
    const bundle = Reflect.get(services.guardrails, 'bundle') as { digest: string };
    bundle.digest = `sha256:${'e'.repeat(64)}`;
    try {
      await world.review('ravi-reviewer', pullOf(waiting).number, 'APPROVE', pullOf(waiting).sha);
      const { run } = await world.until(waiting.run.id, hasEnded);
      expect(run).toMatchObject({ state: 'applied', round: 1, outcome: null });
      const plans = (await services.decisions.listForRun(run.id)).filter(({ phase }) => phase === 'plan');
      expect(new Set(plans.map(({ bundleDigest }) => bundleDigest))).toEqual(new Set([shipped, bundle.digest]));
    } finally {
      bundle.digest = shipped;
    }
  });

  describe('freeze', () => {
    // gate: freeze-answer
    test('holds what is approved, is an answer for agents, and lets go when lifted', async () => {
      const rest = await world.signIn('reviewer');
      const frozen = await rest('POST', '/api/v1/freezes', { environment: 'staging', reason: 'The shop has a sale.' });
      expect(frozen).toMatchObject({ status: 201, body: { active: true, by: 'reviewer' } });
      const before = world.at.github.control.countEffects()['pulls/merge'] ?? 0;
      made += 1;
      const { isError, data } = await world.call('propose_change', {
        target: 'staging',
        title: 'While frozen',
        template: { name: 'web-application', parameters: { ...NGINX, name: `roads-${made}` } },
      });
      expect([isError, data]).toMatchObject([false, { freeze: { reason: 'The shop has a sale.' } }]);
      const run = String(data.run);
      const waiting = await world.until(run, waitsForApproval);
      expect(waiting.run.wait?.message).toContain('The shop has a sale.');
      const { content } = await world.client.callTool({ name: 'get_run', arguments: { run } });
      expect(JSON.stringify(content)).toMatch(/Held whatever the votes: [^.]*: The shop has a sale\.(?!\.)/);
      await world.review('ravi-reviewer', pullOf(waiting).number, 'APPROVE', pullOf(waiting).sha);
      const held = await world.until(run, isFrozen);
      expect(held.run).toMatchObject({ ended: false, wait: { reason: 'freeze' } });
      const page = await fetch(`${world.at.github.url}/ui/platform/infrastructure/pull/${pullOf(waiting).number}`);
      expect(await page.text()).toContain('Waiting: FREEZE');
      expect(world.at.github.control.countEffects()['pulls/merge'] ?? 0).toBe(before);
      const lifted = await rest('POST', `/api/v1/freezes/${frozen.body.id}/lift`, { reason: 'The sale is over.' });
      expect(lifted.body).toMatchObject({ active: false, lifted: { by: 'reviewer' } });
      expect((await world.until(run, hasEnded)).run.state).toBe('applied');
    });

    // gate: break-glass-loud
    test('broken glass lifts it for one run, loudly, and no other', async () => {
      const rest = await world.signIn('reviewer', 'localhost');
      const { body: frozen } = await rest('POST', '/api/v1/freezes', { environment: null, reason: 'Audit.' });
      const [one, other] = [await waitingRun(), await waitingRun()];
      for (const seen of [one, other]) {
        await world.review('thea-third', pullOf(seen).number, 'APPROVE', pullOf(seen).sha);
        expect((await world.until(seen.run.id, isFrozen)).run.wait?.reason).toBe('freeze');
      }
      const asked = { subjectDigest: digestOf(one), reason: 'The shop is down.', minutes: 10 };
      const route = `/api/v1/runs/${one.run.id}/break-glass`;
      const owner = await world.signIn('owner');
      expect((await owner('POST', route, asked)).body.code).toBe('VOTER_IS_REQUESTER');
      expect((await rest('POST', route, asked)).body.code).toBe('ASSURANCE_TOO_LOW');
      const vote = { ...asked, presence: key.assert(voteChallenge(digestOf(one))) };
      expect((await rest('POST', route, vote)).body.code).toBe('PRESENCE_INVALID');
      const presence = key.assert(breakGlassChallenge(digestOf(one)));
      const broken = await rest('POST', route, { ...asked, presence });
      expect(broken).toMatchObject({ status: 201, body: { by: 'reviewer', assurance: 'presence' } });
      expect((await rest('GET', '/api/v1/freezes')).body.brokenGlass).toMatchObject([{ run: one.run.id }]);
      expect((await world.until(one.run.id, hasEnded)).run.state).toBe('applied');
      const log = await world.call('get_run_log', { run: one.run.id });
      expect(JSON.stringify(log.data)).toContain('broke the glass');
      const { body: comments } = await atGitHub('ravi-reviewer', 'GET', `/issues/${pullOf(one).number}/comments`);
      expect(JSON.stringify(comments)).toContain('The glass was broken');
      // What was merged moved the base of the other: it is planned again, waits for votes again, and is told of the freeze.
      const second = await world.until(other.run.id, inRound(2));
      expect(second.run.wait?.message).toContain('Audit.');
      await rest('POST', `/api/v1/freezes/${frozen.id}/lift`, { reason: 'Audit is over.' });
      await world.call('cancel_run', { run: other.run.id });
    });
  });

  test('CODEOWNERS of the base branch: an owner has to be among those who approve', async () => {
    const { control } = world.at.github;
    const place = { repository: 'platform/infrastructure', branch: 'main', login: 'olivia-owner' };
    await control.push({ ...place, files: { '.github/CODEOWNERS': '/environments/ @thea-third @platform/team\n' } });
    const waiting = await waitingRun();
    expect(waiting.run.wait?.message).toContain('/environments/');
    await world.review('ravi-reviewer', pullOf(waiting).number, 'APPROVE', pullOf(waiting).sha);
    const lacks = (seen: RunSeen) => seen.run.ended || seen.run.wait?.message.includes('more approving') === false;
    const held = await world.until(waiting.run.id, lacks);
    expect(held.run).toMatchObject({ ended: false, state: 'awaiting_approval' });
    expect(held.run.wait?.message).toContain('nobody in people: @platform/team');
    // Owners moved meanwhile: the votes were given for other owners.
    await control.push({ ...place, files: { '.github/CODEOWNERS': '/environments/ @thea-third\n' } });
    await world.comment('thea-third', pullOf(waiting).number, `/planwarden approve ${short(waiting)}`);
    const second = await world.until(waiting.run.id, inRound(2));
    expect(second.run).toMatchObject({ round: 2, state: 'awaiting_approval' });
    const events = await world.at.app.services.runs.events(waiting.run.id);
    expect(events.find(({ kind }) => kind === 'run:round')?.code).toBe('QUORUM_RAISED');
    await world.comment('thea-third', pullOf(second).number, `/planwarden approve ${short(second)}`);
    expect((await world.until(waiting.run.id, hasEnded)).run.state).toBe('applied');
    await control.push({ ...place, files: { '.github/CODEOWNERS': null } });
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { verify } from '@octokit/webhooks-methods';
import { openPull, openReceiver, openSandbox, refusal, repo, type Sandbox } from './sandbox.spec-kit.js';

const open: Sandbox[] = [];
const start = async (...options: Parameters<typeof openSandbox>): Promise<Sandbox> => {
  const sandbox = await openSandbox(...options);
  open.push(sandbox);
  return sandbox;
};
afterEach(async () => {
  for (const sandbox of open.splice(0)) {
    expect(sandbox.failures).toEqual([]);
    expect(sandbox.control.violations()).toBe(0);
    await sandbox.end();
  }
});

test('webhooks are signed, in order, and can be lost', async () => {
  const receiver = await openReceiver();
  try {
    const sandbox = await start({ webhook: { url: receiver.url, secret: 'hush' } });
    const pull = await openPull(sandbox, 'run/hook');
    await sandbox.release.rest.checks.create({ ...repo, name: 'gate', head_sha: pull.head, conclusion: 'success' });
    await sandbox.reviewer.rest.pulls.createReview({ ...repo, pull_number: pull.number, event: 'APPROVE' });
    await sandbox.release.rest.pulls.update({ ...repo, pull_number: pull.number, title: 'Renamed', body: 'Words' });
    await sandbox.release.rest.pulls.merge({ ...repo, pull_number: pull.number, sha: pull.head });
    await sandbox.control.webhooksSettled();
    const events = sandbox.control.deliveries().map(({ event, action }) => (action ? `${event}.${action}` : event));
    expect(events).toEqual([
      'push',
      'push',
      'pull_request.opened',
      'check_run.created',
      'check_run.completed',
      'pull_request_review.submitted',
      'pull_request.edited',
      'push',
      'pull_request.closed',
    ]);
    expect(receiver.received.map(({ headers }) => headers['x-github-delivery'])).toEqual(
      sandbox.control.deliveries().map(({ id }) => id),
    );
    for (const { headers, body } of receiver.received)
      expect(await verify('hush', body, String(headers['x-hub-signature-256']))).toBe(true);
    const before = receiver.received.length;
    sandbox.control.loseWebhooks(true);
    await openPull(sandbox, 'run/lost');
    await sandbox.control.webhooksSettled();
    expect(receiver.received).toHaveLength(before);
    expect(sandbox.control.deliveries().at(-1)).toMatchObject({ event: 'pull_request', status: null });
  } finally {
    await receiver.close();
  }
});

test('a restart keeps everything', async () => {
  const first = await openSandbox();
  const pull = await openPull(first, 'run/kept');
  await first.reviewer.rest.pulls.createReview({ ...repo, pull_number: pull.number, event: 'APPROVE' });
  await first.release.rest.checks.create({ ...repo, name: 'gate', head_sha: pull.head, conclusion: 'success' });
  await first.author.rest.issues.createComment({ ...repo, issue_number: pull.number, body: 'Kept' });
  const { token } = (await first.release.auth({ type: 'installation' })) as { token: string };
  await first.stop();
  const second = await start({ folder: first.folder, seed: first.seed });
  const { data } = await second.as(token).rest.pulls.listReviews({ ...repo, pull_number: pull.number });
  expect(data.map(({ state, commit_id }) => [state, commit_id])).toEqual([['APPROVED', pull.head]]);
  expect((await second.author.rest.issues.listComments({ ...repo, issue_number: pull.number })).data).toHaveLength(1);
  expect((await second.release.rest.checks.listForRef({ ...repo, ref: 'run/kept' })).data.total_count).toBe(1);
  await second.release.rest.pulls.merge({ ...repo, pull_number: pull.number, sha: pull.head });
});

describe('faults', () => {
  test('fail a call without effect, or cut the answer of one that had it', async () => {
    const sandbox = await start();
    const pull = await openPull(sandbox, 'run/fault');
    await sandbox.reviewer.rest.pulls.createReview({ ...repo, pull_number: pull.number, event: 'APPROVE' });
    const merge = () => sandbox.release.rest.pulls.merge({ ...repo, pull_number: pull.number, sha: pull.head });
    sandbox.control.failNext('pulls/merge', 503);
    expect(await refusal(merge())).toMatchObject({ status: 503 });
    expect(sandbox.control.countEffects()['pulls/merge']).toBeUndefined();
    sandbox.control.dropAnswerOnce('pulls/merge');
    await refusal(merge());
    expect(sandbox.control.countEffects()['pulls/merge']).toBe(1);
    expect((await sandbox.author.rest.pulls.get({ ...repo, pull_number: pull.number })).data.merged).toBe(true);
  });

  test('hold a call until it is let go', async () => {
    const sandbox = await start();
    const release = sandbox.control.pause('repos/get');
    let answered = false;
    const asked = sandbox.operator.rest.repos.get(repo).then(() => {
      answered = true;
    });
    await sandbox.operator.rest.users.getAuthenticated();
    expect(answered).toBe(false);
    release();
    await asked;
    expect(answered).toBe(true);
  });
});

describe('the page for people', () => {
  const EVIL = '<script>alert(1)</script>';
  const visit = (sandbox: Sandbox, path: string, cookie = '') =>
    fetch(`${sandbox.url}${path}`, { headers: { cookie } });
  const submit = (sandbox: Sandbox, path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${sandbox.url}${path}`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(form), headers });
  const signIn = async (sandbox: Sandbox, login: string): Promise<string> => {
    const answer = await submit(sandbox, '/ui/sign-in', { token: sandbox.token(login), next: '/ui' });
    expect(answer.status).toBe(303);
    return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  };

  test('shows what outsiders wrote as text', async () => {
    const sandbox = await start();
    const pull = await openPull(sandbox, 'run/page');
    await sandbox.author.rest.pulls.update({ ...repo, pull_number: pull.number, title: EVIL, body: EVIL });
    await sandbox.author.rest.issues.createComment({ ...repo, issue_number: pull.number, body: EVIL });
    await sandbox.release.rest.checks.create({
      ...repo,
      name: EVIL,
      head_sha: pull.head,
      output: { title: EVIL, summary: EVIL },
    });
    await sandbox.control.push({
      repository: 'platform/infrastructure',
      branch: 'run/page',
      files: { [`x${'<b>'}.txt`]: EVIL },
      login: 'operator',
    });
    for (const path of ['/ui', `/ui/platform/infrastructure/pull/${pull.number}`]) {
      const answer = await visit(sandbox, path);
      const text = await answer.text();
      expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(text).not.toMatch(/<script|<b>/);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  test('takes an approval of the commit shown, and of no other', async () => {
    const sandbox = await start();
    const pull = await openPull(sandbox, 'run/vote');
    const path = `/ui/platform/infrastructure/pull/${pull.number}`;
    const before = await (await visit(sandbox, path)).text();
    expect(before).not.toContain('value="APPROVE"');
    // Whoever signs in from here comes back here.
    expect(before).toContain(`name="next" value="${path}"`);
    const back = await submit(sandbox, '/ui/sign-in', { token: sandbox.token('reviewer'), next: path });
    expect(back.headers.get('location')).toBe(path);
    expect((await submit(sandbox, `${path}/review`, { head: pull.head, event: 'APPROVE' })).status).toBe(403);
    const cookie = await signIn(sandbox, 'reviewer');
    const text = await (await visit(sandbox, path, cookie)).text();
    expect(text).toContain('value="APPROVE"');
    expect(text).toContain(`name="head" value="${pull.head}"`);
    const vote = (head: string, headers: Record<string, string> = {}) =>
      submit(sandbox, `${path}/review`, { head, event: 'APPROVE', body: 'Looks right' }, { cookie, ...headers });
    expect((await vote('0'.repeat(40))).status).toBe(409);
    expect((await vote(pull.head, { origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await vote(pull.head, { origin: sandbox.url })).status).toBe(303);
    const { data } = await sandbox.author.rest.pulls.listReviews({ ...repo, pull_number: pull.number });
    expect(data).toMatchObject([{ state: 'APPROVED', commit_id: pull.head, user: { id: 1002, type: 'User' } }]);
  });
});

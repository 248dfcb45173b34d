import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openPull, openSandbox, pushBranch, refusal, repo, type Sandbox } from './sandbox.spec-kit.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox({ protection: { requiredChecks: ['gate'], dismissStaleReviews: true } });
});
afterEach(() => {
  expect(sandbox.failures).toEqual([]);
  expect(sandbox.control.violations()).toBe(0);
});
afterAll(() => sandbox.end());

const approve = (number: number, commit_id?: string) =>
  sandbox.reviewer.rest.pulls.createReview({
    ...repo,
    pull_number: number,
    event: 'APPROVE',
    ...(commit_id ? { commit_id } : {}),
  });
const check = (head_sha: string) =>
  sandbox.release.rest.checks.create({
    ...repo,
    name: 'gate',
    head_sha,
    conclusion: 'success',
    output: { title: 'Fit', summary: 'All of it' },
  });

describe('the road of a pull request', () => {
  test('goes from a draft over evidence, check and approval to a merge of exactly that commit', async () => {
    const { author, release, reviewer } = sandbox;
    const pull = await openPull(sandbox, 'run/one', true);
    const { data: code } = await release.rest.git.getCommit({ ...repo, commit_sha: pull.head });
    const { data: evidence } = await release.rest.git.createCommit({
      ...repo,
      message: 'Evidence\n\nPlanwarden-Subject: abc',
      tree: code.tree.sha,
      parents: [pull.head],
    });
    await release.rest.git.updateRef({ ...repo, ref: 'heads/run/one', sha: evidence.sha, force: false });
    const made = await check(evidence.sha);
    await release.rest.checks.update({ ...repo, check_run_id: made.data.id, conclusion: 'success' });
    expect(
      (await release.paginate(release.rest.checks.listForRef, { ...repo, ref: evidence.sha, check_name: 'gate' }))
        .length,
    ).toBe(1);
    const ready = await release.graphql<{ markPullRequestReadyForReview: { pullRequest: { isDraft: boolean } } }>(
      'mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { id isDraft } } }',
      { id: pull.nodeId },
    );
    expect(ready.markPullRequestReadyForReview.pullRequest.isDraft).toBe(false);
    const merge = () =>
      release.rest.pulls.merge({
        ...repo,
        pull_number: pull.number,
        sha: evidence.sha,
        merge_method: 'merge',
        commit_title: 'Release',
      });
    expect(await refusal(merge())).toEqual({
      status: 405,
      text: expect.stringContaining('At least 1 approving review is required'),
    });
    await approve(pull.number, evidence.sha);
    const { data: merged } = await merge();
    const { data: after } = await reviewer.rest.pulls.get({ ...repo, pull_number: pull.number });
    expect(after).toMatchObject({
      merged: true,
      merge_commit_sha: merged.sha,
      merged_by: { id: 9002, type: 'Bot' },
      head: { sha: evidence.sha },
    });
    const { data: commit } = await author.rest.git.getCommit({ ...repo, commit_sha: merged.sha });
    expect(commit.parents.map(({ sha }) => sha)).toEqual([after.base.sha, evidence.sha]);
    const { data: main } = await author.rest.git.getRef({ ...repo, ref: 'heads/main' });
    expect(main.object.sha).toBe(merged.sha);
    expect(await refusal(merge())).toMatchObject({ status: 405 });
    expect(sandbox.control.countEffects()['pulls/merge']).toBe(1);
  });

  test('tells the comparison, files, commits and diff of a pull request', async () => {
    const { author } = sandbox;
    const pull = await openPull(sandbox, 'run/read');
    const { data: compared } = await author.rest.repos.compareCommitsWithBasehead({
      ...repo,
      basehead: 'main...run/read',
      per_page: 100,
    });
    expect(compared).toMatchObject({
      status: 'ahead',
      total_commits: 1,
      files: [{ filename: 'apps/run-read.yaml', additions: 1 }],
    });
    expect(compared.commits[0]?.author).toMatchObject({ id: 9001 });
    const files = await author.rest.pulls.listFiles({ ...repo, pull_number: pull.number });
    expect(files.data[0]).toMatchObject({ status: 'added', patch: '@@ -0,0 +1,1 @@\n+replicas: 2' });
    const commits = await author.rest.pulls.listCommits({ ...repo, pull_number: pull.number });
    expect(commits.data.map(({ sha }) => sha)).toEqual([pull.head]);
    const diff = await author.rest.pulls.get({ ...repo, pull_number: pull.number, mediaType: { format: 'diff' } });
    expect(diff.data).toContain('diff --git a/apps/run-read.yaml b/apps/run-read.yaml');
    const listed = await author.rest.pulls.list({ ...repo, head: 'platform:run/read', state: 'all', per_page: 100 });
    expect(listed.data.map(({ number }) => number)).toEqual([pull.number]);
  });

  test('refuses a merge when the head is another commit', async () => {
    const pull = await openPull(sandbox, 'run/moved');
    await sandbox.control.push({
      repository: 'platform/infrastructure',
      branch: 'run/moved',
      files: { 'more.txt': 'x\n' },
      login: 'operator',
    });
    const moved = sandbox.release.rest.pulls.merge({ ...repo, pull_number: pull.number, sha: pull.head });
    expect(await refusal(moved)).toEqual({ status: 409, text: expect.stringContaining('Head branch was modified') });
  });

  test('drops an approval when the branch moves, and counts no review of a bot', async () => {
    const pull = await openPull(sandbox, 'run/stale');
    await check(pull.head);
    await sandbox.release.rest.pulls.createReview({ ...repo, pull_number: pull.number, event: 'APPROVE' });
    const merge = (sha: string) => sandbox.release.rest.pulls.merge({ ...repo, pull_number: pull.number, sha });
    expect(await refusal(merge(pull.head))).toMatchObject({ status: 405 });
    await approve(pull.number);
    const sha = await sandbox.control.push({
      repository: 'platform/infrastructure',
      branch: 'run/stale',
      files: { 'more.txt': 'y\n' },
      login: 'operator',
    });
    await check(sha);
    const { data } = await sandbox.author.rest.pulls.listReviews({ ...repo, pull_number: pull.number });
    expect(data.map(({ state }) => state)).toEqual(['DISMISSED', 'DISMISSED']);
    expect(await refusal(merge(sha))).toEqual({ status: 405, text: expect.stringContaining('approving review') });
  });

  test('keeps authors from judging themselves, and lets a standing refusal block', async () => {
    const pull = await openPull(sandbox, 'run/self');
    const own = (event: 'APPROVE' | 'REQUEST_CHANGES') =>
      sandbox.author.rest.pulls.createReview({ ...repo, pull_number: pull.number, event, body: 'me' });
    expect(await refusal(own('APPROVE'))).toEqual({
      status: 422,
      text: expect.stringContaining('Can not approve your own pull request'),
    });
    expect(await refusal(own('REQUEST_CHANGES'))).toMatchObject({ status: 422 });
    await check(pull.head);
    const { data: review } = await sandbox.reviewer.rest.pulls.createReview({
      ...repo,
      pull_number: pull.number,
      event: 'REQUEST_CHANGES',
      body: 'No',
    });
    const merge = () => sandbox.release.rest.pulls.merge({ ...repo, pull_number: pull.number, sha: pull.head });
    expect(await refusal(merge())).toEqual({
      status: 405,
      text: expect.stringContaining('Changes have been requested'),
    });
    await sandbox.operator.rest.pulls.dismissReview({
      ...repo,
      pull_number: pull.number,
      review_id: review.id,
      message: 'Settled',
    });
    await approve(pull.number, pull.head);
    expect((await merge()).data.merged).toBe(true);
  });

  test('tells who pushed, what a dismissed review had said, and lets only its writer edit one', async () => {
    const { author, reviewer, operator } = sandbox;
    const pull = await openPull(sandbox, 'run/told');
    await sandbox.control.push({
      ...{ repository: 'platform/infrastructure', branch: 'run/told', login: 'operator' },
      files: { 'told.txt': '1\n' },
    });
    const pushed = await author.paginate(author.rest.repos.listActivities, { ...repo, ref: 'refs/heads/run/told' });
    expect(pushed.at(0)).toMatchObject({ activity_type: 'push', actor: { login: 'operator' } });
    expect(pushed.at(-1)).toMatchObject({ activity_type: 'branch_creation', actor: { type: 'Bot' } });
    const at = { ...repo, pull_number: pull.number };
    const { data: review } = await reviewer.rest.pulls.createReview({ ...at, event: 'REQUEST_CHANGES', body: 'No' });
    const edit = (as: typeof reviewer) =>
      as.rest.pulls.updateReview({ ...at, review_id: review.id, body: 'No, because.' });
    expect(await refusal(edit(operator))).toMatchObject({ status: 403 });
    expect((await edit(reviewer)).data).toMatchObject({ body: 'No, because.', state: 'CHANGES_REQUESTED' });
    await operator.rest.pulls.dismissReview({ ...at, review_id: review.id, message: 'Settled' });
    const told = await author.paginate(author.rest.issues.listEventsForTimeline, {
      ...{ ...repo, issue_number: pull.number },
    });
    expect(told).toMatchObject([
      {
        event: 'review_dismissed',
        actor: { login: 'operator' },
        dismissed_review: { state: 'changes_requested', review_id: review.id, dismissal_message: 'Settled' },
      },
    ]);
  });

  test('brings a branch up to date, and refuses a stale wish', async () => {
    const pull = await openPull(sandbox, 'run/behind');
    await sandbox.control.push({
      repository: 'platform/infrastructure',
      branch: 'main',
      files: { 'hotfix.txt': '1\n' },
      login: 'operator',
    });
    const update = (expected_head_sha: string) =>
      sandbox.author.rest.pulls.updateBranch({ ...repo, pull_number: pull.number, expected_head_sha });
    expect(await refusal(update('0'.repeat(40)))).toMatchObject({ status: 422 });
    expect((await update(pull.head)).status).toBe(202);
    const { data } = await sandbox.author.rest.git.getRef({ ...repo, ref: 'heads/run/behind' });
    const { data: commit } = await sandbox.author.rest.git.getCommit({ ...repo, commit_sha: data.object.sha });
    expect(commit.parents[0]?.sha).toBe(pull.head);
    await sandbox.author.rest.pulls.update({
      ...repo,
      pull_number: pull.number,
      title: 'New',
      body: 'Words',
      state: 'closed',
    });
    const closed = await sandbox.author.rest.pulls.get({ ...repo, pull_number: pull.number });
    expect(closed.data).toMatchObject({ title: 'New', state: 'closed', merged: false });
  });

  test('says which pull requests it does not make', async () => {
    await pushBranch(sandbox.author, 'run/twice', { 'twice.txt': '1\n' });
    const make = (head: string) => sandbox.author.rest.pulls.create({ ...repo, title: 'x', head, base: 'main' });
    await make('run/twice');
    expect(await refusal(make('run/twice'))).toEqual({ status: 422, text: expect.stringContaining('already exists') });
    expect(await refusal(make('run/none'))).toMatchObject({ status: 422 });
  });
});

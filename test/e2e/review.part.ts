import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, type Json, startWorld, type World, waitsForApproval, withStack } from './world.js';

describe('reviews', () => {
  const REPOSITORY = 'platform/infrastructure';
  const SECRET = `ghp_${'Z9y8X7w6V5'.repeat(4)}`;
  let world: World;
  beforeAll(async () => {
    world = await startWorld({}, undefined, (yaml) =>
      withStack(yaml)
        .replace('targets: [staging]', 'targets: [staging, web]')
        .replace('persona: sre', 'persona: security'),
    );
  });
  afterAll(() => world.stop());

  async function github(path: string, body?: Json, login = 'olivia-owner') {
    const answer = await fetch(`${world.at.github.url}/repos/${REPOSITORY}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${world.at.secrets.people[login]}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Json & Json[];
  }
  const push = (branch: string, files: Record<string, string>) =>
    world.at.github.control.push({ repository: REPOSITORY, branch, files, login: 'olivia-owner' });
  /** A pull request of a person. */
  async function opened(branch: string, files: Record<string, string>) {
    const sha = await push(branch, files);
    const { number } = await github('/pulls', { title: branch, head: branch, base: 'main' });
    return { number: Number(number), sha };
  }
  const reviewsOf = (number: number) => github(`/pulls/${number}/reviews`);
  const commentsOf = async (number: number) =>
    (await github(`/pulls/${number}/comments`)).map(({ path, line, body }) => ({ path, line, body: String(body) }));

  const ask = (args: Json) =>
    world.call('propose_change', { target: 'staging', title: 'Look', persona: 'security', ...args });
  async function reviewed(args: Json) {
    const { isError, data } = await ask(args);
    expect([isError, data]).toEqual([false, expect.objectContaining({ run: expect.any(String) })]);
    return world.until(String(data.run), hasEnded);
  }

  const PRIVILEGED = `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: staging-shop }
spec:
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      containers:
        - name: shop
          image: nginxinc/nginx-unprivileged:1.27.3
          securityContext: { privileged: true }
`;
  const HARMLESS = `apiVersion: v1
kind: ConfigMap
metadata: { name: shop, namespace: staging-shop }
data: { colour: blue }
`;
  const AT = 'environments/staging/shop/shop.yaml';

  describe('a pull request of a person', () => {
    test('with what denies: changes are asked for, each finding at its line; later reviews keep to the text', async () => {
      const { number, sha } = await opened('people/privileged', {
        [AT]: PRIVILEGED,
        'environments/staging/shop/broken.yaml': 'a: [1\n',
        'environments/staging/shop/token.yaml': HARMLESS.replace('colour: blue', `api_token: ${SECRET}`),
        '.github/workflows/own.yaml': 'on: push\n',
      });
      const ended = await reviewed({ pullRequest: { number, sha } });
      expect(ended.run).toMatchObject({ state: 'reviewed', outcome: null });
      expect(ended.steps.map(({ name, state }) => [name, state])).toEqual([
        ['read-files', 'done'],
        ['validate', 'done'],
        ['gather-context', 'done'],
        ['check-source', 'done'],
        ['publish-review', 'done'],
        ['summarise', 'done'],
      ]);
      const found = ended.findings.map(({ rule, file, line }) => `${rule} ${file}:${line}`);
      expect(found).toEqual(
        expect.arrayContaining([
          'manifest-invalid environments/staging/shop/broken.yaml:2',
          expect.stringMatching(/^privileged-container .*shop\.yaml:12$/),
          expect.stringMatching(/^secret-in-manifest .*token\.yaml:4$/),
          expect.stringMatching(/^path-outside-target /),
        ]),
      );
      expect(ended.review).toMatchObject({
        pullRequest: { number, sha },
        denies: true,
        posted: { event: 'REQUEST_CHANGES', headSha: sha },
      });
      expect(ended.plan).toBeNull();
      expect(ended.approval).toBeNull();
      const [review, ...more] = await reviewsOf(number);
      expect(more).toEqual([]);
      expect(review).toMatchObject({ state: 'CHANGES_REQUESTED', commit_id: sha, user: { id: 9001, type: 'Bot' } });
      expect(review?.html_url).toBe(ended.review?.posted?.url);
      expect(review?.body).toContain('path-outside-target');
      expect(review?.body).toContain('No plan was made');
      const comments = await commentsOf(number);
      expect(comments).toContainEqual({ path: AT, line: 12, body: expect.stringContaining('`privileged-container`') });
      expect(comments.length).toBe(ended.review?.posted?.onLines);
      // The file is there to be read at GitHub; nothing of ours repeats the secret.
      expect(
        JSON.stringify([ended, review, comments, await world.at.app.services.runs.steps(ended.run.id)]),
      ).not.toContain(SECRET);

      const mended = await push('people/privileged', { [AT]: HARMLESS });
      const again = await reviewed({ pullRequest: { number, sha: mended } });
      expect(again.review?.posted).toMatchObject({ event: 'REQUEST_CHANGES', onLines: 0 });
      expect((await reviewsOf(number)).map(({ state }) => state)).toEqual(['CHANGES_REQUESTED', 'CHANGES_REQUESTED']);
    });

    test('with nothing: a comment, also where the answer of GitHub is lost on the way', async () => {
      const { number, sha } = await opened('people/harmless', { [AT]: HARMLESS });
      world.at.github.control.dropAnswerOnce('graphql/addPullRequestReview');
      const ended = await reviewed({ pullRequest: { number, sha } });
      expect(ended).toMatchObject({
        run: { state: 'reviewed' },
        findings: [],
        review: { denies: false, posted: { event: 'COMMENT', onLines: 0 } },
      });
      expect(await reviewsOf(number)).toEqual([expect.objectContaining({ state: 'COMMENTED', commit_id: sha })]);
    });

    test('while comments go out GitHub fails: what was begun is taken away, and one whole review comes', async () => {
      const { number, sha } = await opened('people/interrupted', { [AT]: PRIVILEGED });
      world.at.github.control.failNext('graphql/submitPullRequestReview', 502);
      const ended = await reviewed({ pullRequest: { number, sha } });
      expect(ended.run).toMatchObject({ state: 'reviewed' });
      expect(await reviewsOf(number)).toHaveLength(1);
      const comments = await commentsOf(number);
      expect(new Set(comments.map(({ line }) => line)).size).toBe(comments.length);
    });

    test('whose branch has moved on: the review is of the commit named, without lines, and says so', async () => {
      const { number, sha } = await opened('people/moved', { [AT]: PRIVILEGED });
      const head = await push('people/moved', { 'environments/staging/shop/more.yaml': HARMLESS });
      const ended = await reviewed({ pullRequest: { number, sha } });
      expect(ended.review?.posted).toMatchObject({ event: 'REQUEST_CHANGES', headSha: head, onLines: 0 });
      const [review] = await reviewsOf(number);
      expect(review).toMatchObject({ commit_id: sha });
      expect(review?.body).toContain('The branch has moved since');
      expect(ended.steps.find(({ name }) => name === 'publish-review')?.message).toContain('has moved');
    });

    test('by a signed-in person, whose page then shows the road of a review', async () => {
      const { number, sha } = await opened('people/by-hand', { [AT]: HARMLESS });
      const rest = await world.signIn('reviewer');
      const asked = await rest('POST', '/api/v1/runs', {
        target: 'staging',
        title: 'Mine',
        pullRequest: { number, sha },
      });
      expect(asked.status).toBe(202);
      await world.until(String(asked.body.id), hasEnded);
      const { body } = await rest('GET', `/api/v1/runs/${asked.body.id}`);
      expect(body).toMatchObject({
        run: { state: 'reviewed', persona: 'security' },
        request: { pullRequest: { number, sha } },
        review: { pullRequest: { number }, posted: { event: 'COMMENT' } },
        approval: null,
      });
    });
  });

  test('of our own pull request: a comment, since GitHub takes no more, and never a vote', async () => {
    const waiting = await world.until(await world.propose(), waitsForApproval);
    const { number, evidenceSha } = waiting.pullRequest ?? { number: 0, evidenceSha: '' };
    const ended = await reviewed({ pullRequest: { number, sha: evidenceSha } });
    expect(ended.review).toMatchObject({ denies: false, posted: { event: 'COMMENT' } });
    const again = await world.until(waiting.run.id, waitsForApproval);
    expect(again.run).toMatchObject({ state: 'awaiting_approval', round: 1 });
    expect(again.approval).toEqual(waiting.approval);
    expect(again.approval?.missing).not.toEqual([]);
    const rest = await world.signIn('reviewer');
    const { body } = await rest('GET', `/api/v1/runs/${waiting.run.id}`);
    expect(body.approval).toMatchObject({ tally: { approvals: [], rejects: [], reached: false } });
    expect(await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '')).toBe(200);
    expect((await world.until(waiting.run.id, hasEnded)).run).toMatchObject({ state: 'applied', round: 1 });
  });

  describe('files without a pull request', () => {
    test('manifests: the findings are the answer, and nothing outside is touched', async () => {
      const before = JSON.stringify(world.at.github.control.countEffects());
      const files = [
        { path: 'shop/shop.yaml', content: PRIVILEGED },
        { path: 'shop/broken.yaml', content: 'a: [1\n' },
      ];
      const ended = await reviewed({ files });
      expect(ended.run).toMatchObject({ state: 'reviewed' });
      expect(ended.review).toMatchObject({ pullRequest: null, denies: true, posted: null });
      expect(ended.findings.map(({ rule }) => rule)).toEqual(
        expect.arrayContaining(['manifest-invalid', 'privileged-container']),
      );
      expect(ended.summary).toContain('Nothing was posted');
      expect(JSON.stringify(world.at.github.control.countEffects())).toBe(before);
    });

    test('Terraform, with no binary here: every rule of the source, each at its line', async () => {
      const content = `terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

resource "aws_security_group" "door" {
  name = "door"

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_s3_bucket" "data" {
  bucket = "data"
}

resource "aws_s3_bucket_acl" "data" {
  bucket = aws_s3_bucket.data.id
  acl    = "public-read"
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-central-1a"
  size              = 10
  encrypted         = false
  tags              = { Owner = "payments" }
}

resource "aws_iam_policy" "all" {
  name = "all"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

data "aws_iam_policy_document" "narrow" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}

module "net" {
  source = "terraform-aws-modules/vpc/aws"
}
`;
      const ended = await reviewed({ target: 'web', files: [{ path: 'main.tf', content }] });
      expect(ended.run).toMatchObject({ state: 'reviewed' });
      const lineOf = (text: string) => content.split('\n').findIndex((line) => line.includes(text)) + 1;
      const rules = ended.findings.map(({ rule, file, line }) => `${rule} ${file}:${line}`);
      const at = (rule: string, line: number) => `${rule} stacks/web/main.tf:${line}`;
      expect(rules).toEqual(
        expect.arrayContaining([
          at('unpinned-provider', 3),
          at('unpinned-provider', lineOf('module "net"')),
          at('open-admin-port-in-source', 24),
          at('public-bucket', lineOf('public-read')),
          at('unencrypted-storage', lineOf('encrypted')),
          at('wildcard-iam-in-source', lineOf('policy = jsonencode')),
          at('missing-owner-in-source', lineOf('"aws_s3_bucket" "data"')),
          expect.stringMatching(/^terraform-refused /),
        ]),
      );
      expect(rules.filter((one) => one.startsWith('open-admin-port-in-source'))).toHaveLength(1);
      expect(rules.filter((one) => one.startsWith('wildcard-iam-in-source'))).toHaveLength(1);
      expect(rules.filter((one) => one.startsWith('missing-owner-in-source'))).toHaveLength(1);
    });
  });

  describe('what is no review is refused', () => {
    const NOBODY = { number: 9999, sha: '0'.repeat(40) };
    test.each<[string, Json, Json]>([
      [
        'a persona that changes',
        { persona: 'devops', pullRequest: NOBODY },
        { code: 'STRATEGY_DIFFERS', where: { field: 'pullRequest' } },
      ],
      [
        'a template',
        { template: { name: 'web-application', parameters: {} } },
        { code: 'STRATEGY_DIFFERS', where: { field: 'template' } },
      ],
      [
        'a persona that only reports',
        { persona: 'sre', pullRequest: NOBODY },
        { code: 'NOT_SUPPORTED', where: { field: 'persona' } },
      ],
      [
        'both files and a pull request',
        { files: [{ path: 'a.yaml', content: HARMLESS }], pullRequest: NOBODY },
        { code: 'INPUT_INVALID' },
      ],
      [
        'a branch for a commit',
        { pullRequest: { number: 1, sha: 'main' } },
        { code: 'INPUT_INVALID', where: { field: 'pullRequest.sha' } },
      ],
      [
        'a path that leaves the target',
        { files: [{ path: '../a.yaml', content: HARMLESS }] },
        { code: 'PATH_OUTSIDE_TARGET' },
      ],
      ['a secret in a file', { files: [{ path: 'a.yaml', content: `token: ${SECRET}\n` }] }, { code: 'POLICY_DENIED' }],
    ])('%s', async (_what, args, expected) => {
      expect(await ask(args)).toMatchObject({ isError: true, data: expected });
    });

    test('a pull request that is not there, a commit that is not its own, and one that was closed', async () => {
      expect((await reviewed({ pullRequest: NOBODY })).run).toMatchObject({
        state: 'errored',
        outcome: { code: 'PULL_REQUEST_UNKNOWN' },
      });
      const { number, sha } = await opened('people/closed', { [AT]: HARMLESS });
      const main = String(
        (await github('/git/ref/heads/main')).object && ((await github('/git/ref/heads/main')).object as Json).sha,
      );
      expect((await reviewed({ pullRequest: { number, sha: main } })).run).toMatchObject({
        state: 'errored',
        outcome: { code: 'COMMIT_NOT_IN_PULL_REQUEST' },
      });
      const resume = world.at.github.control.pause('pulls/list-reviews');
      const { data } = await ask({ pullRequest: { number, sha } });
      const run = String(data.run);
      await world.until(run, ({ run: { state } }) => state === 'publishing');
      await fetch(`${world.at.github.url}/repos/${REPOSITORY}/pulls/${number}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${world.at.secrets.people['olivia-owner']}` },
        body: JSON.stringify({ state: 'closed' }),
      });
      resume();
      const ended = await world.until(run, hasEnded);
      expect(ended.run).toMatchObject({ state: 'superseded', outcome: { code: 'PR_CLOSED' } });
      expect(await reviewsOf(number)).toEqual([]);
    });
  });
});

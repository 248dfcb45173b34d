import { cut, type Guard, policyToo } from './cut.js';
import { COMMENT_GUARDS } from './guards/comment.guards.js';
import { EXCEPTION_GUARDS } from './guards/exception.guards.js';
import { PRESENCE_GUARDS } from './guards/presence.guards.js';
import { STACK_GUARDS } from './guards/stack.guards.js';

const TALLY = 'libs/approvals/src/vote-tally.ts';
const CONFIRM = 'libs/approvals/src/confirm.ts';
const COMMITS = 'libs/approvals/src/confirm-commits.ts';
const PLAN = 'libs/approvals/src/confirm-plan.ts';
const APPROVAL = 'libs/approvals/src/approval.ts';
const REVIEWS = 'libs/source-control/src/review-votes.ts';
const RELEASE = 'libs/source-control/src/release-acts.ts';
const CALLER = 'apps/orchestrator/src/http/caller.ts';
const WEBHOOK = 'apps/orchestrator/src/http/webhook.controller.ts';

const mergeSha = cut(RELEASE, '            sha: o.sha,\n');
const expiry = `return !(nowMs < expires);`;

/**
 * The guards that attacks prove. The product has no switch for any of them: the harness loads its sources with the places
 * of one guard cut out, and then an attack of that guard must succeed.
 */
export const GUARDS = {
  ...COMMENT_GUARDS,
  ...PRESENCE_GUARDS,
  ...EXCEPTION_GUARDS,
  ...STACK_GUARDS,
  audience: {
    holds: 'an agent token opens no route that a person opens, whatever comes beside it',
    cuts: [cut(CALLER, 'if (bearerOf(request.headers.authorization) !== undefined) {', 'if (false) {')],
  },
  operator: {
    holds: 'sign-in links are made by the operator alone',
    cuts: [
      cut(
        'apps/orchestrator/src/http/operator.ts',
        'if (given !== undefined && sameSecret(given, app.operatorToken)) return;',
        'return;',
      ),
    ],
  },
  'link-once': {
    holds: 'a sign-in link works once',
    cuts: [cut('apps/orchestrator/src/identity/session.store.ts', 'AND used_at IS NULL AND', 'AND')],
  },
  'session-ended': {
    holds: 'a session from which somebody signed out is over',
    cuts: [
      cut('apps/orchestrator/src/identity/session.store.ts', 'AND ended_at IS NULL AND expires_at', 'AND expires_at'),
    ],
  },
  csrf: {
    holds: 'a change needs the CSRF token of its session',
    cuts: [cut(CALLER, `if (typeof sent !== 'string' || !sameSecret(sent, session.csrfToken)) {`, 'if (false) {')],
  },
  origin: {
    holds: 'no page of another site sends anything',
    cuts: [cut(CALLER, `if (url?.protocol !== 'http:' || !isOurs(url.host, names)) {`, 'if (false) {')],
  },
  host: {
    holds: 'no other name leads here',
    cuts: [cut(CALLER, `if (!isOurs(request.headers.host ?? '', names)) {`, 'if (false) {')],
  },
  requester: {
    holds: 'who asked, or for whom an agent asked, does not vote',
    cuts: [
      cut(
        TALLY,
        'if (isRequesterId(person.id, input.requester) && couldAnybodyElse(person, input)) return isRequester;',
      ),
      cut(
        TALLY,
        'if (isRequesterId(vote.person, requester) && rank < ASSURANCE_RANK.presence) return requesterTooLow;',
      ),
      policyToo,
    ],
  },
  'co-author': {
    holds: 'whom a commit names as having written it too does not vote',
    cuts: [
      cut(
        'apps/orchestrator/src/change/votes.ts',
        '[...pushers, ...(await github.coAuthors(shared))]',
        '[...pushers, ...[await github.coAuthors(shared)].flatMap(() => [])]',
      ),
    ],
  },
  author: {
    holds: 'whoever wrote or pushed a commit of the change does not vote',
    cuts: [cut(TALLY, 'if (input.authors.githubIds.includes(person.github.id)) return isAuthor;')],
  },
  pusher: {
    holds: 'whoever pushed to the branch is an author, whatever names stand in the commits',
    cuts: [cut('apps/orchestrator/src/change/votes.ts', '[...pushers, ...(await', '[...[], ...(await')],
  },
  'author-unknown': {
    holds: 'with a commit that maps to nobody no vote counts',
    cuts: [cut(TALLY, 'if (input.authors.unknown) return authorUnknown;')],
  },
  role: {
    holds: 'only approvers of the environment vote',
    cuts: [cut(TALLY, 'if (!mayVoteIn(person, input.target.environment)) return lacksRole(input.target.environment);')],
  },
  people: {
    holds: 'an account that is nobody in people does not vote',
    cuts: [
      cut(
        TALLY,
        'const person = people.find((candidate) => candidate.github.id === vote.githubId);',
        `const person = people.find((candidate) => candidate.github.id === vote.githubId) ??
          { id: 'anybody', github: { id: vote.githubId }, roles: { staging: 'approver' } };`,
      ),
      cut(TALLY, '?? assuranceRefusal(vote, input)) : unknownVoter;', '?? assuranceRefusal(vote, input)) : null;'),
    ],
  },
  'numeric-ids': {
    holds: 'accounts are known by their numbers, never by their names',
    cuts: [
      cut(
        REVIEWS,
        'const githubId = review.user?.id ?? null;',
        `const githubId = o.people.find((one) => one.github.login === review.user?.login)?.github.id ?? null;`,
      ),
    ],
  },
  bot: {
    holds: 'bots and Apps do not vote, not even one that somebody put among the people',
    cuts: [cut(REVIEWS, `review.user !== null && review.user.type !== 'User'`, 'false')],
  },
  quorum: {
    holds: 'nothing is released below the quorum',
    cuts: [cut(TALLY, 'if (lacking > 0) {', 'if (false) {'), policyToo],
  },
  'one-person-once': {
    holds: 'a person counts once over all roads',
    cuts: [cut(TALLY, 'byPerson.set(person.id, [', 'byPerson.set(vote.reference, ['), policyToo],
  },
  reject: {
    holds: 'a standing reject blocks',
    cuts: [cut(TALLY, 'rejects.push(standing);', 'continue;')],
  },
  'vote-commit': {
    holds: 'a review votes on the commit it names',
    cuts: [cut(REVIEWS, 'const isHere = review.commit_id === o.evidenceSha;', 'const isHere = true;')],
  },
  'vote-digest': {
    holds: 'a vote in the pages names the subject that the page showed',
    cuts: [cut('libs/approvals/src/vote.repository.ts', 'AND s.digest = $4', 'AND length($4::text) > 0')],
  },
  'review-state': {
    holds: 'only a standing approval approves: no comment, nothing dismissed',
    cuts: [
      cut(REVIEWS, `if (review.state === 'DISMISSED' && isHere) {`, 'if (false) {'),
      cut(REVIEWS, `if (state !== 'APPROVED' && state !== 'CHANGES_REQUESTED') continue;`),
      cut(
        REVIEWS,
        `state === 'APPROVED' ? 'approve' : 'reject'`,
        `state === 'CHANGES_REQUESTED' ? 'reject' : 'approve'`,
      ),
    ],
  },
  'reject-dismissed': {
    holds: 'a reject is taken back by its own writer alone',
    cuts: [cut(REVIEWS, `if (state !== 'DISMISSED') return false;`, 'return false;')],
  },
  'reject-of-authors': {
    holds: 'who asked or wrote may still say no',
    cuts: [cut(TALLY, '? rejectRefusal(person, input) : null;', '? personRefusal(person, input) : null;')],
  },
  'two-clocks': {
    holds: 'a reject gives way only to an approval that surely came after it',
    cuts: [cut('libs/approvals/src/standing-vote.ts', 'CLOCKS_APART_MS = 300_000;', 'CLOCKS_APART_MS = 0;')],
  },
  'all-pages': {
    holds: 'reviews are read to the last page',
    cuts: [
      cut(
        'libs/source-control/src/repository-reads.ts',
        'octokit.paginate(octokit.rest.pulls.listReviews, { ...repo, pull_number: number, per_page: 100 }),',
        'octokit.rest.pulls.listReviews({ ...repo, pull_number: number, per_page: 100 }).then(({ data }) => data),',
      ),
    ],
  },
  'full-page': {
    holds: 'a list that was read to its end is read on where it grew',
    cuts: [cut('libs/source-control/src/conditional-fetch.ts', ' && !isFullLastPage(input, fresh)')],
  },
  head: {
    holds: 'what is merged is the commit that was voted on',
    cuts: [
      cut(
        COMMITS,
        `if (!pull.headDescendsFromEvidence) return superseded('HEAD_MOVED', 'somebody else force-pushed the branch');`,
      ),
      cut(
        COMMITS,
        `if (pull.headSha !== journal.evidenceSha) return newRound('HEAD_MOVED', 'the branch moved after the evidence commit');`,
      ),
      cut(
        'libs/source-control/src/merge-acceptance.ts',
        `if (data.head.sha !== sha) missing.push('the head is another commit');`,
      ),
      mergeSha,
    ],
  },
  'merge-sha': {
    holds: 'GitHub itself is told which commit to merge',
    cuts: [mergeSha],
  },
  'base-under-lock': {
    holds: 'the base branch is read again once the lock is in hand',
    cuts: [
      cut(
        'apps/orchestrator/src/change/steps/confirm.step.ts',
        '(await baseStop(ports, found.approval.subject)) ?? found',
        'found',
      ),
    ],
  },
  'base-branch': {
    holds: 'the change is merged into the branch of the target and no other',
    cuts: [
      cut(COMMITS, 'if (pull.baseBranch !== subject.target.baseBranch) {', 'if (false) {'),
      cut(RELEASE, 'if (before.baseBranch !== approval.subject.target.baseBranch) {', 'if (false) {'),
    ],
  },
  base: {
    holds: 'the folder on the base branch is the one that was planned on',
    cuts: [cut(COMMITS, 'if (base.tipSubtree !== base.mergeBaseSubtree) {', 'if (false) {')],
  },
  text: {
    holds: 'the text that people read before they voted is ours',
    cuts: [
      cut(COMMITS, 'if (pull.blockDigest === journal.blockDigest && !pull.wasBlockOther) return null;', 'return null;'),
    ],
  },
  'text-since': {
    holds: 'a text that was put back is not the one that was read',
    cuts: [cut(COMMITS, ' && !pull.wasBlockOther')],
  },
  live: {
    holds: 'the cluster is as it was when the plan was made',
    cuts: [
      cut(PLAN, 'if (now !== undefined && now !== object.liveDigest) {', 'if (false) {'),
      cut(PLAN, 'if (again.plan.digest !== subject.plan.digest) {', 'if (false) {'),
    ],
  },
  target: {
    holds: "the target's configuration is the one that was voted on",
    cuts: [cut(CONFIRM, 'targetStop(subject, target) ??\n', '')],
  },
  protection: {
    holds: 'nothing is released into a repository that lacks a protection',
    cuts: [cut(CONFIRM, '(await protectionStop(ports, tally)) ??\n', '')],
  },
  policy: {
    holds: 'a policy that says no now releases nothing, whatever it said before the votes',
    cuts: [cut(CONFIRM, '(await policyStop(ports, subject, trust.policyBundle)) ??\n', '')],
  },
  policySource: {
    holds: 'a policy that says no to the files now releases nothing, whatever it said before the votes',
    cuts: [
      cut(
        'apps/orchestrator/src/change/confirm-ports.ts',
        'allow: files.allow && decision.allow',
        'allow: decision.allow',
      ),
    ],
  },
  facts: {
    holds: 'facts that speak against the change now release nothing, whatever they said before the votes',
    cuts: [
      cut(
        'libs/approvals/src/confirm-subject.ts',
        'if (judgement.allow === true && judgement',
        'if (true || judgement',
      ),
    ],
  },
  'fresh-people': {
    holds: 'people and roles are read again right before the effect',
    cuts: [cut(APPROVAL, 'if (people !== grant.digests.people)', 'if (false)')],
  },
  'fresh-target': {
    holds: "the target's configuration is read again right before the effect",
    cuts: [cut(APPROVAL, 'if (target !== grant.digests.targetConfiguration) {', 'if (false) {')],
  },
  'approval-age': {
    holds: 'an approval in hand is good for 60 seconds',
    cuts: [cut(APPROVAL, 'if (age >= 0 && age < APPROVAL_LIFETIME_MS) return;', 'return;')],
  },
  expiry: {
    holds: 'a subject that expired releases nothing',
    cuts: [
      cut(APPROVAL, expiry, 'return false;'),
      cut(
        'apps/orchestrator/src/change/steps/await-approval.step.ts',
        'if (now >= new Date(evidence.expiresAt)) return',
        'if (false) return',
      ),
    ],
  },
  'merged-by': {
    holds: 'only a merge by our own App, of our own commit, is called ours',
    cuts: [
      cut(
        RELEASE,
        'const isOurs = releaseBotId !== null && pull.mergedBy?.id === releaseBotId && pull.headSha === sha;',
        'const isOurs = true;',
      ),
    ],
  },
  lock: {
    holds: 'one run at a time changes what lies below a path',
    cuts: [
      cut(
        'apps/orchestrator/src/change/steps/confirm.step.ts',
        'if (wait) return target.kind',
        'if (false && wait) return target.kind',
      ),
    ],
  },
  'read-only': {
    holds: 'an installation held still decides nothing',
    cuts: [
      cut('apps/orchestrator/src/config.source.ts', 'if (!this.current().readOnly) return;', 'return;'),
      cut('apps/orchestrator/src/run-worker.ts', 'return config.current().readOnly;', 'return false;'),
    ],
  },
  'webhook-signature': {
    holds: 'only what GitHub signed rings a bell',
    cuts: [cut(WEBHOOK, 'if (!verifyWebhook(', 'if (false && !verifyWebhook(')],
  },
  'webhook-once': {
    holds: 'a delivery that was heard is not heard again',
    cuts: [cut('apps/orchestrator/src/webhook-deliveries.ts', 'return added.rowCount === 1;', 'return true;')],
  },
  'webhook-rate': {
    holds: 'more deliveries than anybody needs are not heard',
    cuts: [cut(WEBHOOK, 'if (!this.#signed.take()) {', 'if (false) {')],
  },
  'webhook-size': {
    holds: 'a body over the limit is not read',
    cuts: [
      cut(
        'apps/orchestrator/src/http/webhook-body.ts',
        'MOST_WEBHOOK_BYTES = 1024 * 1024;',
        'MOST_WEBHOOK_BYTES = 64 * 1024 * 1024;',
      ),
    ],
  },
} as const satisfies Record<string, Guard>;
export type GuardId = keyof typeof GUARDS;

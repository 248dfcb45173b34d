import { type Finding, PlanwardenError, type ReviewEvent, type Target } from '@planwarden/contracts';
import { requireOk, type ToolAnswer } from '@planwarden/mcp-client';
import type { StepContext } from '@planwarden/runs';
import { findingsText, type PullRequestView, reviewMarker, reviewText } from '@planwarden/source-control';
import type { ChangeServices } from '../change/change.services.js';
import type { PostedReview } from './review.records.js';

/** Most places of the diff that get a comment; what is found at others stands in the text. */
const MOST_COMMENTS = 25;

export interface ReviewToPost {
  readonly target: Target;
  readonly pull: PullRequestView;
  readonly sha: string;
  readonly findings: readonly Finding[];
  readonly denies: boolean;
  readonly notes: readonly string[];
}

interface Place {
  readonly path: string;
  readonly line: number;
  readonly findings: readonly Finding[];
}

/** The review of this run, where it is on the pull request already. */
export async function findPosted(
  { sourceControl, authorBotId }: Pick<ChangeServices, 'sourceControl' | 'authorBotId'>,
  target: Target,
  number: number,
  run: string,
) {
  const reviews = await sourceControl(target).reviews(number);
  return reviews.filter(
    ({ user, state, body }) => user?.id === authorBotId && state !== 'PENDING' && body.includes(reviewMarker(run)),
  );
}

/**
 * Writes one review with the author credentials. Comments on lines go into a pending review, which nobody else sees
 * until it is submitted; what an interrupted attempt left pending is taken away first.
 */
export async function postReview(
  services: ChangeServices,
  context: StepContext,
  review: ReviewToPost,
): Promise<PostedReview> {
  const { target, pull, sha, findings } = review;
  const github = services.sourceControl(target);
  const earlier = (await github.reviews(pull.number)).filter(({ user }) => user?.id === services.authorBotId);
  const { event, notes } = eventFor(services, review, earlier);
  // The server finds a pending review only where it is the account's first (ADR 0020); and a line is one of the head.
  const places =
    earlier.length === 0 && pull.headSha === sha ? placesOf(findings, await github.shownLines(pull.number)) : [];
  const call = caller(services, context, target, pull.number);
  const text = (commented: readonly Place[]): string => {
    const onLines = new Set(commented.flatMap((place) => place.findings));
    return reviewText({
      ...{ run: context.run.id, sha, headSha: pull.headSha, event, denies: review.denies },
      findings: findings.filter((finding) => !onLines.has(finding)),
      onLines: onLines.size,
      notes,
    });
  };
  let commented: readonly Place[] = [];
  if (places.length === 0) {
    requireOk(
      await call('pull_request_review_write', { method: 'create', commitID: sha, event, body: text([]) }),
      DOING,
    );
  } else {
    await call('pull_request_review_write', { method: 'delete_pending' });
    requireOk(await call('pull_request_review_write', { method: 'create', commitID: sha }), 'begin a review');
    commented = await comment(call, places);
    const submitted = await call('pull_request_review_write', {
      method: 'submit_pending',
      event,
      body: text(commented),
    });
    if (submitted.isError) await call('pull_request_review_write', { method: 'delete_pending' });
    requireOk(submitted, DOING);
  }
  const [posted, ...more] = await findPosted(services, target, pull.number, context.run.id);
  // GitHub has no compare-and-set for it: of two workers that race both are taken.
  if (more.length > 0) throw doubled(more.length + 1);
  if (posted === undefined || posted.commit_id !== sha) throw notThere();
  return { id: posted.id, event, url: posted.html_url, onLines: commented.length, headSha: pull.headSha };
}

const DOING = 'write the review';

/** GitHub lets nobody ask for changes on a pull request of their own, and a comment takes no earlier wish back. */
function eventFor(
  { authorBotId }: ChangeServices,
  { pull, denies, notes }: ReviewToPost,
  earlier: readonly { readonly state: string }[],
): { readonly event: ReviewEvent; readonly notes: readonly string[] } {
  const isOwn = pull.authorGithubId === authorBotId;
  const event = denies && !isOwn ? 'REQUEST_CHANGES' : 'COMMENT';
  const own = denies && isOwn ? ['Planwarden opened this pull request itself, so GitHub takes a comment only.'] : [];
  const standing = !denies && earlier.some(({ state }) => state === 'CHANGES_REQUESTED');
  const stands = standing ? ['An earlier review asked for changes and still stands: a person may dismiss it.'] : [];
  return { event, notes: [...own, ...stands, ...notes] };
}

function placesOf(findings: readonly Finding[], shown: ReadonlyMap<string, ReadonlySet<number>>): Place[] {
  const places = new Map<string, { path: string; line: number; findings: Finding[] }>();
  for (const finding of findings) {
    const { file, line } = finding;
    if (file === null || line === null || !shown.get(file)?.has(line)) continue;
    const key = `${line} ${file}`;
    const place = places.get(key) ?? { path: file, line, findings: [] };
    place.findings.push(finding);
    places.set(key, place);
  }
  return [...places.values()].slice(0, MOST_COMMENTS);
}

type Call = (tool: string, args: Readonly<Record<string, unknown>>) => Promise<ToolAnswer>;

/** @returns the places that took their comment; the others go into the text */
async function comment(call: Call, places: readonly Place[]): Promise<Place[]> {
  const taken: Place[] = [];
  for (const place of places) {
    const { path, line, findings } = place;
    const said = await call('add_comment_to_pending_review', {
      ...{ path, line, side: 'RIGHT', subjectType: 'LINE' },
      body: findingsText(findings),
    });
    if (!said.isError) taken.push(place);
    else if (said.failure === 'retryable') requireOk(said, 'comment on a line');
  }
  return taken;
}

const caller =
  (services: ChangeServices, { run, signal }: StepContext, target: Target, pullNumber: number): Call =>
  (tool, args) =>
    services.gateway.call({
      server: 'github',
      tool,
      args: { owner: target.repository.owner, repo: target.repository.name, pullNumber, ...args },
      run: run.id,
      step: 'publish-review',
      target,
      signal,
    });

const doubled = (count: number): PlanwardenError =>
  new PlanwardenError('EFFECT_DOUBLE', `the review stands on the pull request ${count} times`, {
    remedy: 'They say the same: dismiss or ignore one of them.',
    failure: 'needs_human',
  });

const notThere = (): PlanwardenError =>
  new PlanwardenError('OUTSIDE_ANSWER_INVALID', 'the review that was just written is not there', {
    remedy: 'It is looked for again by itself; look at the pull request if it stays so.',
    failure: 'retryable',
  });

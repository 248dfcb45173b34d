import type { Vote } from '@planwarden/contracts';
import type { Comment } from './comment-votes.js';
import type { Review } from './review-votes.js';

/**
 * Votes as GitHub tells them, and among them the rejects that were seen there before and are neither reviews nor comments
 * of the PR now: somebody deleted them. What is still there speaks for itself.
 * @param o.seen every reject of this round that was ever read
 * @returns the votes of each road in the order of their numbers, and the references of those that are gone
 */
export function withGone(o: {
  readonly votes: readonly Vote[];
  readonly seen: readonly Vote[];
  readonly reviews: readonly Pick<Review, 'id'>[];
  readonly comments: readonly Pick<Comment, 'id'>[];
  readonly people: readonly { readonly id: string; readonly github: { readonly id: number } }[];
}): { votes: Vote[]; gone: string[] } {
  const there = new Set([...o.reviews.map(({ id }) => `review:${id}`), ...o.comments.map(({ id }) => `comment:${id}`)]);
  const gone = o.seen
    .filter(({ reference }) => !there.has(reference))
    .map((vote) => ({ ...vote, person: o.people.find(({ github }) => github.id === vote.githubId)?.id ?? null }));
  return { votes: gone.reduce(withOne, [...o.votes]), gone: gone.map(({ reference }) => reference) };
}

/** At its place among those of its road: of one second the order tells which came last. */
function withOne(votes: readonly Vote[], vote: Vote): Vote[] {
  const later = votes.findIndex((one) => one.road === vote.road && numberOf(one) > numberOf(vote));
  const at = later < 0 ? votes.length : later;
  return [...votes.slice(0, at), vote, ...votes.slice(at)];
}

const numberOf = ({ reference }: Vote): number => Number(reference.split(':')[1]);

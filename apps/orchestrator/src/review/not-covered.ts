import type { Target } from '@planwarden/contracts';
import type { ReviewFiles } from './review.records.js';

/** What a review does not see, one sentence each: who reads "nothing found" must know where nobody looked. */
export function notCoveredBy(target: Target, read: Pick<ReviewFiles, 'notCovered'>): string[] {
  return [
    target.kind === 'terraform'
      ? 'No plan was made: planning runs what the files say. Replacements, computed values and the state are not judged.'
      : 'No plan was made: what runs now, and what would be deleted or pruned, is not judged.',
    'A review is no approval and no vote; a change through Planwarden is judged and decided on again.',
    ...read.notCovered,
  ];
}

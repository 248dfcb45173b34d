import { type Digest, digestOf, type Facts } from '@planwarden/contracts';

/**
 * Digest of what the facts say: the snapshot's own id, and who saw a resource when, are left out, so that looking
 * again at an unchanged cluster gives the same digest.
 */
export function factsDigest(facts: Facts): Digest {
  const { snapshot: _, related, ...rest } = facts;
  return digestOf({ ...rest, related: related.map(({ provenance: _who, ...node }) => node) });
}

import { type Agent, PlanwardenError, sha256 } from '@planwarden/contracts';
import { sameDigest } from './session.store.js';

/** The agents of planwarden.yaml, each with the digest of its token. */
export type KnownAgent = Agent & { readonly tokenDigest: string };

/**
 * The agent whose token an Authorization header carries. Such a token has audience `mcp`: it opens the MCP endpoint
 * and no REST route.
 * @throws PlanwardenError TOKEN_MISSING, TOKEN_INVALID
 */
export function agentOf(authorization: string | undefined, agents: readonly KnownAgent[]): KnownAgent {
  const token = bearerOf(authorization);
  if (token === undefined) {
    throw new PlanwardenError('TOKEN_MISSING', 'no bearer token was sent', {
      remedy: 'Send the agent token as "Authorization: Bearer <token>".',
    });
  }
  const digest = sha256(token);
  const agent = agents.find((known) => sameDigest(known.tokenDigest, digest));
  if (!agent) {
    throw new PlanwardenError('TOKEN_INVALID', 'the bearer token belongs to no agent of planwarden.yaml', {
      remedy: 'Use the token of an agent that planwarden.yaml lists.',
    });
  }
  return agent;
}

/** The token of a bearer header, or undefined. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer ([\w.~+/=-]{1,512})$/i.exec(authorization ?? '')?.[1];
}

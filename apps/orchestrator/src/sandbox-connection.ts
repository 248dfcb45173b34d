import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Log, PlanwardenError } from '@planwarden/contracts';
import { createGitHubMcpServer, inProcessTransport } from '@planwarden/github-server';
import { z } from 'zod';
import type { OutsideWorld } from './outside-world.js';

/** Where a sandbox is and the credentials with which the product uses it. */
export const sandboxConnectionSchema = z.strictObject({
  version: z.literal(1),
  github: z.strictObject({
    url: z.url(),
    authorToken: z.string().min(1),
    release: z.strictObject({ appId: z.number(), privateKey: z.string().min(1), installationId: z.number() }),
    releaseBotId: z.number(),
    authorBotId: z.number(),
    webhookSecret: z.string().min(32),
    sealing: z.strictObject({ publicKey: z.string().min(1), privateKey: z.string().min(1) }),
  }),
  kubernetes: z.strictObject({ url: z.url() }),
  kubernetesMcp: z.strictObject({ url: z.url(), token: z.string().min(1) }),
  clusters: z.record(z.string(), z.strictObject({ read: z.string().min(1), dryRun: z.string().min(1) })),
  toolVersions: z.record(z.string(), z.string()),
});
export type SandboxConnection = z.infer<typeof sandboxConnectionSchema>;

/** The outside of an installation whose world is a sandbox, in this process or in another. */
export function outsideOf(connection: SandboxConnection, log: Log): OutsideWorld {
  const { github, kubernetesMcp, clusters, toolVersions } = connection;
  const { url, authorToken, release, releaseBotId, authorBotId, webhookSecret, sealing } = github;
  return {
    github: {
      apiUrl: url,
      // Each process has one of its own: it keeps nothing.
      authorServer: {
        kind: 'in-process',
        transport: inProcessTransport(createGitHubMcpServer({ baseUrl: url, token: authorToken, log })),
      },
      release,
      releaseBotId,
      authorBotId,
      webhookSecret,
      sealing,
      mustBeProtected: false,
    },
    kubernetesServer: {
      kind: 'http',
      url: kubernetesMcp.url,
      headers: { authorization: `Bearer ${kubernetesMcp.token}` },
    },
    clusters,
    toolVersions,
  };
}

/** Hands the connection to the other processes: readable by this user alone, renamed into place when it is whole. */
export function writeSandboxConnection(file: string, connection: SandboxConnection): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(connection, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** @throws PlanwardenError OUTSIDE_UNAVAILABLE while no sandbox has written it, CONFIG_INVALID for another content */
export function readSandboxConnection(file: string): SandboxConnection {
  if (!existsSync(file)) {
    throw new PlanwardenError('OUTSIDE_UNAVAILABLE', `the sandbox has not written ${file} yet`, {
      where: { field: 'sandbox.connectionFile' },
      remedy: 'Start --role sandbox first, with the same planwarden.yaml.',
    });
  }
  try {
    return sandboxConnectionSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    // The cause would repeat what the file holds.
    throw new PlanwardenError('CONFIG_INVALID', `${file} is not what a sandbox of this version writes`, {
      where: { field: 'sandbox.connectionFile' },
      remedy: 'Let the sandbox write it; use one version for all processes.',
      ...(cause instanceof Error && 'code' in cause ? { cause } : {}),
    });
  }
}

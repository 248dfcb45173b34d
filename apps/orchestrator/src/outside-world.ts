import type { ServerTransport } from '@planwarden/mcp-client';
import type { SourceControlOptions } from '@planwarden/source-control';
import type { SealingKeys } from '@planwarden/terraform';

/** The counterparts of an installation. Configuration reaches only the embedded ones; tests compose others. */
export interface OutsideWorld {
  readonly github: {
    /** REST base. */
    readonly apiUrl: string;
    /** The GitHub MCP server with the author App's credentials. */
    readonly authorServer: ServerTransport;
    /** The release App. */
    readonly release: SourceControlOptions['credential'];
    /** GitHub ids of the accounts under which our Apps act: they never vote. */
    readonly releaseBotId: number;
    readonly authorBotId: number;
    readonly webhookSecret: string;
    /** With which plans made in GitHub Actions are sealed for us. */
    readonly sealing: SealingKeys;
    /** Of real repositories: confirm keeps waiting while one lacks a protection. The sandbox demands less (ADR 0004). */
    readonly mustBeProtected: boolean;
  };
  /** The Kubernetes MCP server. */
  readonly kubernetesServer: ServerTransport;
  /** Kubeconfigs (YAML) by the cluster names of planwarden.yaml. */
  readonly clusters: Readonly<Record<string, { readonly read: string; readonly dryRun: string }>>;
  /** Versions of these counterparts that a plan depends on. */
  readonly toolVersions: Readonly<Record<string, string>>;
}

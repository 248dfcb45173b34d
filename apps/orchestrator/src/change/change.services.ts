import type {
  BreakGlassStore,
  FreezeStore,
  FreshPorts,
  PasskeyStore,
  SeenRejectStore,
  SubjectStore,
  VoteStore,
} from '@planwarden/approvals';
import type { ClusterClient } from '@planwarden/cluster';
import type { Log, Persona, Target } from '@planwarden/contracts';
import type { GraphStore } from '@planwarden/graph';
import type { DecisionStore, Guardrails } from '@planwarden/guardrails';
import type { TemplateCatalog } from '@planwarden/manifests';
import type { McpGateway } from '@planwarden/mcp-client';
import type { LockStore, RunStore } from '@planwarden/runs';
import type { SourceControl } from '@planwarden/source-control';
import type { TerraformTemplates } from '@planwarden/terraform';
import type { ConfigSource } from '../config.source.js';
import type { PollTimes } from './look-again.js';
import type { TerraformServices } from './terraform/terraform.services.js';

/** What the steps of a change work with; each step asks for the few it needs. */
export interface ChangeServices {
  /** Id of this installation, part of every approval subject. */
  readonly installation: string;
  readonly config: ConfigSource;
  readonly personas: readonly Persona[];
  /** Templates for targets of manifests, and for those of Terraform. */
  readonly catalog: TemplateCatalog;
  readonly terraformTemplates: TerraformTemplates;
  readonly guardrails: Guardrails;
  readonly decisions: DecisionStore;
  readonly graph: GraphStore;
  readonly runs: RunStore;
  readonly locks: LockStore;
  readonly subjects: SubjectStore;
  readonly votes: VoteStore;
  /** Rejects that were read at GitHub, also those that are gone there. */
  readonly seenRejects: SeenRejectStore;
  readonly freezes: FreezeStore;
  readonly breakGlass: BreakGlassStore;
  readonly passkeys: PasskeyStore;
  readonly gateway: McpGateway;
  /** The release side of GitHub for a target's repository. */
  sourceControl(target: Target): SourceControl;
  /** @throws PlanwardenError CONFIG_INVALID for a cluster that is not connected */
  cluster(name: string): ClusterClient;
  readonly terraform: TerraformServices;
  /** What is read again right before a released effect. */
  fresh(target: string): FreshPorts;
  /** GitHub ids of our own Apps' accounts: bots never vote. */
  readonly botIds: readonly number[];
  /** The one of them that opens pull requests and writes reviews. */
  readonly authorBotId: number;
  /** Versions of what made a plan, part of the subject. */
  readonly toolVersions: Readonly<Record<string, string>>;
  /** Real targets: nothing is released into a repository that lacks a protection. */
  readonly mustBeProtected: boolean;
  /** How often a parked run looks at GitHub by itself. */
  readonly poll: PollTimes;
  readonly log: Log;
}

import type { ChangeRequest, ParsedObject } from './change.js';
import type { Facts } from './graph.js';
import type { PolicyPhase } from './lists.js';
import type { RiskCeiling } from './persona.js';
import type { Subject, Tally } from './subject.js';
import type { Target } from './target.js';
import type { Plan, SourceModule, SourceProvider, SourceResource } from './terraform-plan.js';

/** What every phase gets: who asks, as which persona, for which target. */
export interface GuardrailActor {
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly persona: string;
  readonly personaEnvironments: readonly string[];
  readonly riskCeiling: RiskCeiling;
  /** Targets the token may name. */
  readonly targets: readonly string[];
}

/** A secret found by libs/redaction: the field or file it stands in and its place; never the secret itself. */
export interface FoundSecret {
  readonly where: string;
  readonly rule: string;
  readonly line: number;
}

export interface GuardrailInputs {
  readonly intake: {
    readonly actor: GuardrailActor;
    readonly target: Target;
    readonly request: ChangeRequest;
    /** Secrets found in the texts of the request. */
    readonly secrets: readonly FoundSecret[];
  };
  readonly source: {
    readonly actor: GuardrailActor;
    readonly target: Target;
    readonly objects: readonly ParsedObject[];
    /** Of a Terraform stack, all its files taken together. */
    readonly resources: readonly SourceResource[];
    readonly providers: readonly SourceProvider[];
    readonly modules: readonly SourceModule[];
    /** Paths of all files of the change, relative to the repository root. */
    readonly paths: readonly string[];
    /** Secrets found in the files; `where` is the path. */
    readonly secrets: readonly FoundSecret[];
  };
  readonly plan: {
    readonly actor: GuardrailActor;
    readonly target: Target;
    readonly plan: Plan;
    readonly facts: Facts;
  };
  readonly call: {
    readonly server: string;
    readonly tool: string;
    readonly arguments: Readonly<Record<string, unknown>>;
    readonly target: Target;
    readonly run: string;
    /** The step that calls: some tools are for one step only. */
    readonly step: string;
    /** True when an Approval was handed to the call. */
    readonly approved: boolean;
  };
  readonly approval: { readonly subject: Subject; readonly tally: Tally; readonly target: Target };
  readonly verify: {
    readonly target: Target;
    readonly plan: Plan;
    readonly observed: {
      /** Of Terraform: changes that a plan made after the apply still finds. */
      readonly changes?: number;
      /** Same keys as `plan.images`; the image that actually runs. */
      readonly images: Readonly<Record<string, string>>;
      readonly workloads: readonly {
        readonly kind: string;
        readonly namespace: string;
        readonly name: string;
        readonly desired: number;
        readonly ready: number;
        readonly pods: number;
      }[];
    };
  };
}

export type GuardrailInput<P extends PolicyPhase> = GuardrailInputs[P];

import {
  canonicalJson,
  DENYING_SEVERITIES,
  type Decision,
  digestOf,
  type Finding,
  findingSchema,
  type GuardrailInput,
  newId,
  type PolicyPhase,
  SEVERITIES,
  sha256,
} from '@planwarden/contracts';
import { type Bundle, type RuleInfo, readBundle, SHIPPED_BUNDLE_FOLDER, unavailable } from './bundle.js';
import { type Evaluator, ThreadEvaluator } from './evaluator.js';

export interface GuardrailsOptions {
  /** Default: the bundle that ships with the product. Another folder must hold the same bytes. */
  readonly bundleFolder?: string;
  /** Milliseconds one evaluation may take before it denies. Default 5 000. */
  readonly timeoutMs?: number;
  /** What answers; tests put a failing one here. Default: policy.wasm in a thread. */
  readonly evaluator?: Evaluator;
}

/** Where an evaluation belongs; null for a dry run outside any run. */
export interface EvaluationContext {
  readonly run: string | null;
  readonly round: number | null;
  readonly step: string | null;
}

/** The policy of an installation. Whatever goes wrong while it is asked, the answer is no. */
export class Guardrails {
  private constructor(
    private readonly bundle: Bundle,
    private readonly evaluator: Evaluator,
  ) {}

  /**
   * Reads and verifies the bundle and asks it once, so that a bundle that cannot answer is found at start.
   * @throws PlanwardenError POLICY_UNAVAILABLE
   */
  static async load({ bundleFolder, timeoutMs = 5_000, evaluator }: GuardrailsOptions = {}): Promise<Guardrails> {
    const bundle = readBundle(bundleFolder ?? SHIPPED_BUNDLE_FOLDER);
    if (evaluator !== undefined) return new Guardrails(bundle, evaluator);
    const guardrails = new Guardrails(bundle, new ThreadEvaluator(bundle.wasm, timeoutMs));
    const { findings } = await guardrails.ask('intake', '{}');
    // An empty input must be found incomplete; silence would mean that the bundle is not what we think.
    if (!findings.some((finding) => finding.rule === 'input-incomplete')) {
      await guardrails.close();
      throw unavailable('it does not answer as it must');
    }
    return guardrails;
  }

  /** SHA-256 of the bundle's manifest, which names the digests of wasm, data and sources. */
  get bundleDigest(): string {
    return this.bundle.digest;
  }

  /** Every rule, phase by phase. */
  rules(): readonly RuleInfo[] {
    return this.bundle.rules;
  }

  /**
   * Asks every rule of a phase. Never throws for what policy does: a throw, a time-out or an answer of another shape
   * is a decision that denies with the finding `policy-error`.
   */
  async evaluate<P extends PolicyPhase>(
    phase: P,
    input: GuardrailInput<P>,
    { run, round, step }: EvaluationContext,
  ): Promise<Decision> {
    const text = textOf(input);
    const { findings, rules } =
      text === null ? failed('the input is not an object with a JSON form') : await this.ask(phase, text);
    const body = {
      phase,
      allow: !findings.some((finding) => DENYING_SEVERITIES.some((severity) => severity === finding.severity)),
      findings,
      rulesEvaluated: rules,
      bundleDigest: this.bundle.digest,
      inputDigest: sha256(text ?? ''),
      run,
      round,
      step,
    };
    return { ...body, id: newId('dec'), digest: digestOf(body), at: new Date().toISOString() };
  }

  /** Ends the thread. */
  close(): Promise<void> {
    return this.evaluator.close();
  }

  private async ask(phase: PolicyPhase, text: string): Promise<{ findings: Finding[]; rules: string[] }> {
    try {
      const answer = answerOf(await this.evaluator.evaluate(this.bundle.entrypoints[phase], text));
      const rules = [...new Set(answer.rules)].sort();
      const missing = this.bundle.rules.filter((rule) => rule.phase === phase && !rules.includes(rule.id));
      if (missing.length > 0) return failed('a rule of the phase was not evaluated');
      return { findings: sorted(answer.findings), rules };
    } catch {
      // What policy threw may quote the input: it is told to nobody.
      return failed('policy threw, did not answer in time, or answered in another shape');
    }
  }
}

/** The one result of an entrypoint. Anything else, an undefined result above all, throws. */
function answerOf(answer: unknown): { findings: Finding[]; rules: string[] } {
  const first: unknown = Array.isArray(answer) && answer.length === 1 ? answer[0] : null;
  const result: unknown = isObject(first) ? first.result : null;
  if (!isObject(result) || !Array.isArray(result.rules)) throw new TypeError('no decision');
  return { findings: findingSchema.array().parse(result.findings), rules: result.rules.map(String) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Canonical JSON of an object, else null. wasm answers wrongly on undefined, null, 0, false and "". */
function textOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return null;
  try {
    return canonicalJson(input);
  } catch {
    return null;
  }
}

function failed(why: string): { findings: Finding[]; rules: string[] } {
  const finding: Finding = {
    rule: 'policy-error',
    severity: 'critical',
    message: `Policy could not be asked: ${why}.`,
    remedy: 'Try again; report this as a fault of Planwarden if it stays.',
    file: null,
    line: null,
    object: null,
  };
  return { findings: [finding], rules: ['policy-error'] };
}

/**
 * One order for equal findings, whatever order the wasm gives its sets; the same finding twice is one. Worst first: who
 * names one finding as the reason names one that denies.
 */
function sorted(findings: readonly Finding[]): Finding[] {
  const byKey = new Map(findings.map((finding) => [sortKey(finding), finding]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
}

function sortKey(finding: Finding): string {
  const line = String(finding.line ?? 0).padStart(8, '0');
  const rank = String(SEVERITIES.indexOf(finding.severity));
  return [rank, finding.file ?? '', line, finding.rule, finding.message, canonicalJson(finding)].join('\u0000');
}

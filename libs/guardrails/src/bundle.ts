import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  PlanwardenError,
  POLICY_PHASES,
  type PolicyPhase,
  SEVERITIES,
  type Severity,
  sha256,
} from '@planwarden/contracts';
import { TRUSTED_BUNDLE_DIGEST } from './generated/bundle-digest.js';

/** A rule as its METADATA header tells it. */
export interface RuleInfo {
  readonly id: string;
  readonly phase: PolicyPhase;
  readonly severity: Severity;
  readonly title: string;
  readonly description: string;
  readonly remedy: string;
  /** Path of the rule, relative to the root of the repository. */
  readonly source: string;
}

export interface Bundle {
  /** SHA-256 of manifest.json, which names the digests of everything else. */
  readonly digest: string;
  readonly wasm: Uint8Array;
  readonly rules: readonly RuleInfo[];
  readonly entrypoints: Readonly<Record<PolicyPhase, string>>;
}

/** Folder of the bundle that ships with the product; the same from src/ and from dist/. */
export const SHIPPED_BUNDLE_FOLDER = fileURLToPath(new URL('../bundle', import.meta.url));

/**
 * Reads a bundle and verifies it: manifest.json against the digest compiled into the code, policy.wasm against the
 * manifest.
 * @throws PlanwardenError POLICY_UNAVAILABLE when a file is missing or is not the trusted one
 */
export function readBundle(folder: string): Bundle {
  const manifestBytes = read(folder, 'manifest.json');
  const digest = sha256(manifestBytes);
  if (digest !== TRUSTED_BUNDLE_DIGEST) throw unavailable('manifest.json is not the one this build trusts');
  const wasm = read(folder, 'policy.wasm');
  // The bytes are trusted from here on, so their shape is only pinned, not searched for attacks.
  const manifest: unknown = JSON.parse(new TextDecoder().decode(manifestBytes));
  if (!isManifest(manifest)) throw unavailable('manifest.json has another shape than expected');
  if (sha256(wasm) !== manifest.wasm) throw unavailable('policy.wasm is not the one its manifest names');
  return { digest, wasm, rules: manifest.rules, entrypoints: manifest.entrypoints };
}

interface Manifest {
  readonly wasm: string;
  readonly rules: readonly RuleInfo[];
  readonly entrypoints: Readonly<Record<PolicyPhase, string>>;
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  if (!('wasm' in value && 'rules' in value && 'entrypoints' in value)) return false;
  const { rules, entrypoints } = value;
  if (!Array.isArray(rules) || typeof entrypoints !== 'object' || entrypoints === null) return false;
  const named = Object.keys(entrypoints);
  return POLICY_PHASES.every((phase) => named.includes(phase)) && rules.every(isRule);
}

function isRule(rule: unknown): boolean {
  if (typeof rule !== 'object' || rule === null || !('id' in rule && 'phase' in rule && 'severity' in rule))
    return false;
  return POLICY_PHASES.some((phase) => phase === rule.phase) && SEVERITIES.some((one) => one === rule.severity);
}

function read(folder: string, name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(join(folder, name)));
  } catch (cause) {
    throw unavailable(`${name} cannot be read`, cause);
  }
}

export function unavailable(why: string, cause?: unknown): PlanwardenError {
  return new PlanwardenError('POLICY_UNAVAILABLE', `the policy bundle cannot be used: ${why}`, {
    remedy: 'Install the release again; in a clone, build the bundle with npm run policies:build and then the code.',
    failure: 'needs_human',
    cause,
  });
}

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  decisionSchema,
  type GuardrailInput,
  POLICY_PHASES,
  type PolicyPhase,
  SEVERITIES,
  sha256,
} from '@planwarden/contracts';
import { type Evaluator, Guardrails, SHIPPED_BUNDLE_FOLDER } from './index.js';

interface Example {
  readonly name: string;
  readonly input: GuardrailInput<PolicyPhase>;
  readonly expect?: { readonly file: string | null; readonly line: number | null };
}

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const policies = join(repository, 'policies');
const nowhere = { run: null, round: null, step: null };

const stems = POLICY_PHASES.flatMap((phase) =>
  readdirSync(join(policies, phase))
    .filter((name) => name.endsWith('.examples.json'))
    .map((name) => ({ phase, id: name.replace('.examples.json', '') })),
);

function examplesOf(phase: PolicyPhase, id: string): { good: Example[]; bad: Example[] } {
  const file: Record<string, { good: Example[]; bad: Example[] }> = JSON.parse(
    readFileSync(join(policies, phase, `${id}.examples.json`), 'utf8'),
  );
  return file[id] ?? { good: [], bad: [] };
}

const cases = stems.flatMap(({ phase, id }) => {
  const { good, bad } = examplesOf(phase, id);
  return [
    ...good.map((example) => ({ phase, id, example, title: `${phase}/${id} is silent: ${example.name}` })),
    ...bad.map((example) => ({ phase, id, example, title: `${phase}/${id} fires: ${example.name}` })),
  ];
});

let guardrails: Guardrails;
beforeAll(async () => {
  guardrails = await Guardrails.load();
});
afterAll(() => guardrails.close());

describe('rules, through the shipped wasm', () => {
  test.each(cases)('$title', async ({ phase, id, example }) => {
    const decision = await guardrails.evaluate(phase, example.input, nowhere);
    const found = decision.findings.filter((finding) => finding.rule === id);
    expect(decision.findings.map((finding) => finding.rule)).not.toContain('input-incomplete');
    if (example.expect === undefined) {
      expect(found).toEqual([]);
      return;
    }
    const severity = guardrails.rules().find((rule) => rule.id === id)?.severity;
    expect(found).toContainEqual(expect.objectContaining({ ...example.expect, severity }));
    expect(decision.allow).toBe(severity === 'low' && decision.findings.every((one) => one.severity === 'low'));
    expect(decisionSchema.parse(decision)).toEqual(decision);
  });

  test('rules, files, examples and manifest are the same list', () => {
    const listed = guardrails.rules().map((rule) => `${rule.phase}/${rule.id}`);
    const files = POLICY_PHASES.flatMap((phase) =>
      readdirSync(join(policies, phase))
        .filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego') && name !== 'decision.rego')
        .map((name) => `${phase}/${name.replace('.rego', '')}`),
    );
    expect([...listed].sort()).toEqual([...files].sort());
    expect([...listed].sort()).toEqual(stems.map(({ phase, id }) => `${phase}/${id}`).sort());
    expect(new Set(guardrails.rules().map((rule) => rule.id)).size).toBe(listed.length);
  });

  test('the manifest names the digest of every source as it stands', () => {
    const { sources }: { sources: Record<string, string> } = JSON.parse(
      readFileSync(join(SHIPPED_BUNDLE_FOLDER, 'manifest.json'), 'utf8'),
    );
    for (const [path, digest] of Object.entries(sources)) {
      expect([path, sha256(readFileSync(join(repository, path)))]).toEqual([path, digest]);
    }
  });

  test('the same input gives the same digest, and findings stand in order', async () => {
    const input = examplesOf('source', 'missing-limits').bad[1]?.input;
    if (input === undefined) throw new Error('the example is gone');
    const first = await guardrails.evaluate('source', input, nowhere);
    const second = await guardrails.evaluate('source', input, nowhere);
    expect(second.digest).toBe(first.digest);
    expect(second.id).not.toBe(first.id);
    const lines = first.findings.map((finding) => finding.line ?? 0);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  });
});

test('the worst finding stands first, wherever it is in the file: it is the one a refusal names', async () => {
  const all = await Promise.all(
    cases.map(async ({ phase, example }) => (await guardrails.evaluate(phase, example.input, nowhere)).findings),
  );
  const ranks = all.map((findings) => findings.map(({ severity }) => SEVERITIES.indexOf(severity)));
  expect(ranks.some((one) => new Set(one).size > 1)).toBe(true);
  for (const one of ranks) expect(one).toEqual([...one].sort((a, b) => a - b));
});

describe('fail closed', () => {
  test.each(POLICY_PHASES)('phase %s denies an input without roots', async (phase) => {
    const decision = await guardrails.evaluate(phase, {} as GuardrailInput<typeof phase>, nowhere);
    expect(decision.allow).toBe(false);
    expect(decision.findings.map((finding) => finding.rule)).toContain('input-incomplete');
  });

  const goodInputs = POLICY_PHASES.flatMap((phase) => {
    const stem = stems.find((one) => one.phase === phase);
    const input = stem && examplesOf(phase, stem.id).good[0]?.input;
    return input === undefined ? [] : Object.keys(input).map((root) => ({ phase, root, input }));
  });
  // `provenance` of a call and the like are not roots: every key of an input is one, except who reads it for the record.
  test.each(goodInputs)('phase $phase denies an input without $root', async ({ phase, root, input }) => {
    const { [root as never]: _left, ...rest } = input;
    const decision = await guardrails.evaluate(phase, rest as GuardrailInput<typeof phase>, nowhere);
    expect(decision.allow).toBe(false);
  });

  test.each([undefined, null, 0, false, '', 'text', [[]]])('denies an input that is no object: %p', async (input) => {
    const decision = await guardrails.evaluate('intake', input as never, nowhere);
    expect(decision.allow).toBe(false);
    expect(decision.findings.map((finding) => finding.rule)).toEqual(['policy-error']);
  });

  const answers: [string, Evaluator['evaluate']][] = [
    ['throws', () => Promise.reject(new Error('broken'))],
    ['throws a string', () => Promise.reject('broken')],
    ['gives undefined', () => Promise.resolve(undefined)],
    ['gives no result', () => Promise.resolve([])],
    ['gives another shape', () => Promise.resolve([{ result: { allow: true } }])],
    ['forgets its rules', () => Promise.resolve([{ result: { findings: [], rules: ['one'] } }])],
  ];
  test.each(answers)('denies when policy %s', async (_name, evaluate) => {
    const broken = await Guardrails.load({ evaluator: { evaluate, close: () => Promise.resolve() } });
    const decision = await broken.evaluate('intake', {} as never, { run: 'run_1', round: 1, step: 'check' });
    expect(decision).toMatchObject({ allow: false, run: 'run_1', round: 1, step: 'check' });
    expect(decision.findings).toEqual([expect.objectContaining({ rule: 'policy-error', severity: 'critical' })]);
  });

  test('a time-out denies, and the next question is answered', async () => {
    const hasty = await Guardrails.load();
    // The thread cannot have answered before the loop turns: a limit of no time always passes first.
    Object.assign(hasty['evaluator' as never], { timeoutMs: 0 });
    const long = { objects: Array.from({ length: 20_000 }, () => ({ object: { spec: { containers: [{}] } } })) };
    const denied = await hasty.evaluate('source', long as never, nowhere);
    expect(denied.findings.map((finding) => finding.rule)).toEqual(['policy-error']);
    Object.assign(hasty['evaluator' as never], { timeoutMs: 30_000 });
    const next = await hasty.evaluate('intake', {} as never, nowhere);
    expect(next.findings.map((finding) => finding.rule)).toContain('input-incomplete');
    await hasty.close();
  });

  test.each(['policy.wasm', 'manifest.json'])('refuses a bundle whose %s was changed', async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'planwarden-bundle-'));
    try {
      cpSync(SHIPPED_BUNDLE_FOLDER, folder, { recursive: true });
      const bytes = readFileSync(join(folder, name));
      bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
      writeFileSync(join(folder, name), bytes);
      await expect(Guardrails.load({ bundleFolder: folder })).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
      rmSync(join(folder, name));
      await expect(Guardrails.load({ bundleFolder: folder })).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

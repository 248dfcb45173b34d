/** Every kind of secret that is looked for, most telling first: where two overlap, the earlier one names it. */
export const SECRET_RULES = [
  'private-key',
  'github-token',
  'aws-access-key-id',
  'slack-token',
  'json-web-token',
  'authorization-header',
  'url-password',
  'literal-credential',
] as const;
export type SecretRule = (typeof SECRET_RULES)[number];

/** A secret in a text. `line` and `column` are 1-based; `length` in UTF-16 units. The secret itself is not in here. */
export interface SecretHit {
  readonly rule: SecretRule;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** A secret by its offset: what redaction replaces. */
export interface SecretSpan {
  readonly rule: SecretRule;
  readonly start: number;
  readonly end: number;
}

/** Shapes that are secrets wherever they stand. Group 1, where present, is the part to hide. */
const SHAPES: readonly (readonly [Exclude<SecretRule, 'literal-credential'>, RegExp])[] = [
  // A block without its END line is hidden to the end of the text: a cut log must not show half a key.
  [
    'private-key',
    /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ],
  ['github-token', /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})/g],
  ['aws-access-key-id', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
  ['slack-token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g],
  ['json-web-token', /\beyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}/g],
  ['authorization-header', /\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{8,})/gi],
  ['url-password', /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"']{0,100}:([^\s:/@"'${}]{3,200})@/gi],
];

/** `some_password: value`, `"apiKey": "value"`, `TOKEN=value`. */
const ASSIGNMENT =
  /(?<![A-Za-z0-9])["']?([A-Za-z0-9_.-]{0,60}(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?))["']?[ \t]*[:=][ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"',#{}[\]&*|>][^\s,#}\]]*))/gi;

/** An environment entry of a container: the name says it is a secret, the value stands on the next line. */
const ENV_ENTRY =
  /\bname["']?:[ \t]*["']?[A-Za-z0-9_.-]{0,60}(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)["']?[ \t]*,?\s*\n?[ \t]*["']?value["']?:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"',#{}[\]&*|>][^\s,#}\]]*))/gi;

/** Values that stand for a secret kept elsewhere, or for none. */
const NOT_A_SECRET: readonly RegExp[] = [
  /^\[redacted\]$/i,
  /^(?:null|~|true|false|none|nil|undefined|\d{1,5})$/i,
  /^<[A-Za-z]/,
  /^(?:x{3,}|\*{3,}|\.{3,}|change[-_ ]?me|replace[-_ ]?me|your[-_ ].*|example|placeholder|todo|dummy|test)$/i,
  // References: ${VAR}, $VAR, $(VAR), {{ template }}, process.env.X, var.x, secrets.X, vault:path
  /^\$(?:[A-Za-z_]|\{|\()/,
  /^(?:\{\{|<<)/,
  /^(?:process\.env|os\.environ|var|local|data|secrets|env|vault|ssm|sops|ref\+[a-z]+)[.:[]/i,
  /^(?:string|number|boolean|object|secretKeyRef|valueFrom)$/i,
];

/** Keys that end like a secret but name one, or a place of one. */
const NOT_A_SECRET_KEY =
  /(?:secretName|existingSecret|imagePullSecret|automountServiceAccountToken|serviceAccountToken|max_?tokens?|secretKeyRef)$/i;

/**
 * Finds secrets in a text of any kind.
 * @returns the places, in order of appearance, none overlapping
 */
export function findSecrets(text: string): SecretHit[] {
  const spans = findSpans(text);
  const hits: SecretHit[] = [];
  let line = 1;
  let lineStart = 0;
  let at = 0;
  for (const span of spans) {
    for (; at < span.start; at += 1) {
      if (text.charCodeAt(at) !== 10) continue;
      line += 1;
      lineStart = at + 1;
    }
    hits.push({ rule: span.rule, line, column: span.start - lineStart + 1, length: span.end - span.start });
  }
  return hits;
}

/** The same as offsets. Not exported by the front door. */
export function findSpans(text: string): SecretSpan[] {
  const found: SecretSpan[] = [];
  for (const [rule, shape] of SHAPES) {
    for (const match of text.matchAll(shape)) add(found, rule, match, match[1] ?? match[0]);
  }
  for (const match of text.matchAll(ASSIGNMENT)) {
    const value = match[2] ?? match[3] ?? match[4] ?? '';
    if (!NOT_A_SECRET_KEY.test(match[1] ?? '') && isLiteral(value)) add(found, 'literal-credential', match, value);
  }
  for (const match of text.matchAll(ENV_ENTRY)) {
    const value = match[1] ?? match[2] ?? match[3] ?? '';
    if (isLiteral(value)) add(found, 'literal-credential', match, value);
  }
  return found.sort((a, b) => a.start - b.start);
}

function isLiteral(value: string): boolean {
  return value.length >= 4 && !NOT_A_SECRET.some((shape) => shape.test(value));
}

/** Keeps a span unless an earlier, more telling rule already covers a part of it. The hidden part ends the match. */
function add(found: SecretSpan[], rule: SecretRule, match: RegExpExecArray, hidden: string): void {
  const start = match.index + match[0].lastIndexOf(hidden);
  const end = start + hidden.length;
  if (found.some((other) => start < other.end && other.start < end)) return;
  found.push({ rule, start, end });
}

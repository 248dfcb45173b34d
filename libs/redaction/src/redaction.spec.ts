import { describe, expect, test } from '@jest/globals';
import { findSecrets, REDACTED, redactJson, redactLines, redactText } from './index.js';

// Invented, and put together here so that no scanner takes this file for a leak.
const invented = {
  github: `ghp_${'a1B2'.repeat(9)}`,
  githubApp: `ghs_${'a1B2'.repeat(9)}`,
  fineGrained: `github_pat_${'a1B2'.repeat(10)}`,
  aws: `AKIA${'ABCD1234'.repeat(2)}`,
  slack: `xoxb-${'123456789012-'.repeat(2)}abcdef`,
  jwt: `eyJ${'hbGciOi'.repeat(2)}.eyJ${'zdWIiOi'.repeat(2)}.${'c2lnbmF0'.repeat(2)}`,
  key: `-----BEGIN RSA PRIVATE KEY-----\n${'MIIB'.repeat(10)}\n-----END RSA PRIVATE KEY-----`,
};

describe('findSecrets', () => {
  test.each([
    ['github-token', invented.github],
    ['github-token', invented.githubApp],
    ['github-token', invented.fineGrained],
    ['aws-access-key-id', invented.aws],
    ['slack-token', invented.slack],
    ['json-web-token', invented.jwt],
    ['private-key', invented.key],
  ])('finds a %s with its place', (rule, secret) => {
    expect(findSecrets(`first line\n  see ${secret} here`)).toEqual([
      { rule, line: 2, column: 7, length: secret.length },
    ]);
  });

  test.each([
    ['password: hunter2hunter2', 11],
    ['dbPassword: "hunter2hunter2"', 14],
    ['{"api_key": "hunter2hunter2"}', 14],
    ['CLIENT_SECRET=hunter2hunter2', 15],
    ["access-token: 'hunter2hunter2'", 16],
  ])('finds the literal in %s', (text, column) => {
    expect(findSecrets(text)).toEqual([{ rule: 'literal-credential', line: 1, column, length: 14 }]);
  });

  test('finds the value of a telling environment entry', () => {
    expect(findSecrets('env:\n  - name: DB_PASSWORD\n    value: hunter2hunter2\n')).toEqual([
      { rule: 'literal-credential', line: 3, column: 12, length: 14 },
    ]);
  });

  test('finds a password in a URL and a bearer header', () => {
    const hits = findSecrets('postgres://app:hunter2hunter2@db/app\nAuthorization: Bearer abcdef123456');
    expect(hits.map((hit) => [hit.rule, hit.line])).toEqual([
      ['url-password', 1],
      ['authorization-header', 2],
    ]);
  });

  test('a key block that is cut off is found to the end', () => {
    const text = '-----BEGIN PRIVATE KEY-----\nMIIB';
    expect(findSecrets(text)).toEqual([{ rule: 'private-key', line: 1, column: 1, length: text.length }]);
  });

  test.each([
    `password: $\{DB_PASSWORD}`,
    'password: $(DB_PASSWORD)',
    'password: {{ .Values.password }}',
    'password: <your password>',
    'password: changeme',
    'password: ""',
    'token: null',
    'secretName: web-tls-certificate',
    'automountServiceAccountToken: false',
    'env:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef:\n        name: database\n        key: password',
    'kind: Secret\ndata:\n  username: YWRtaW5hZG1pbg==',
    'image: registry.example/web@sha256:0123456789abcdef',
    'The password is asked for at the first sign-in.',
    'max_tokens: 4096',
  ])('lets pass: %s', (text) => {
    expect(findSecrets(text)).toEqual([]);
  });

  test('a long hostile text is no trouble', () => {
    expect(findSecrets(`${'a-'.repeat(100_000)} ${'password'.repeat(1000)}`)).toEqual([]);
  });
});

describe('redactText', () => {
  test('replaces every secret and nothing else', () => {
    expect(redactText(`a ${invented.github} b ${invented.aws} c`)).toBe(`a ${REDACTED} b ${REDACTED} c`);
  });

  test('a second pass changes nothing', () => {
    const once = redactText('password: hunter2hunter2');
    expect(redactText(once)).toBe(once);
    expect(once).toBe(`password: ${REDACTED}`);
  });
});

describe('redactJson', () => {
  test('hides values under telling keys and secrets in strings, and leaves the original alone', () => {
    const value = {
      headers: { Authorization: 'Bearer abc', accept: 'text/plain' },
      list: [{ accessToken: 'abc' }, `see ${invented.jwt}`],
      pin: { password: 1234, token: null, secret: '' },
      secretName: 'web-tls',
    };
    expect(redactJson(value)).toEqual({
      headers: { Authorization: REDACTED, accept: 'text/plain' },
      list: [{ accessToken: REDACTED }, `see ${REDACTED}`],
      pin: { password: REDACTED, token: null, secret: '' },
      secretName: 'web-tls',
    });
    expect(value.headers.Authorization).toBe('Bearer abc');
  });

  test('hides the payload of a Kubernetes Secret, keeping its keys', () => {
    expect(redactJson({ kind: 'Secret', data: { username: 'YWRtaW4=' }, stringData: { note: 'x' } })).toEqual({
      kind: 'Secret',
      data: { username: REDACTED },
      stringData: { note: REDACTED },
    });
  });
});

test('masks lines and leaves every other line where it was', () => {
  const key = ['-----BEGIN PRIVATE KEY-----', 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=', '-----END PRIVATE KEY-----'].join(
    '\n',
  );
  const text = `a: 1\nkey: |\n${key}\nb: 2\n`;
  const masked = redactLines(text);
  expect(masked).not.toContain('QUJDREVG');
  expect(masked.split('\n')).toHaveLength(text.split('\n').length);
  expect(masked.split('\n').indexOf('b: 2')).toBe(text.split('\n').indexOf('b: 2'));
});

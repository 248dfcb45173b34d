import { GATE_ROWS } from './bad-input.gate-rows.js';
import { type Answer, mcp, mcpHttp, rest, type Send, webhook } from './bad-input.sending.js';
import { type Json, NGINX } from './world.js';

/** One bad input: how it is sent, and what has to come back. */
export interface Row {
  readonly name: string;
  readonly send: Send;
  readonly code: string;
  /** What `where` has to say, or that of one of the details. */
  readonly where?: Answer['body'];
  readonly status?: number;
}

/** Not one of them may come back in an answer or lie in the database afterwards. */
export const PLANTED = {
  github: `ghp_${'A1b2C3d4E5'.repeat(4)}`,
  aws: 'AKIAQ7RSTUV2WXYZ3ABC',
  password: 'correct-horse-battery-9',
} as const;

export const row = (name: string, send: Send, code: string, where?: Json | string, status?: number): Row => ({
  name,
  send,
  code,
  ...(where === undefined ? {} : { where: typeof where === 'string' ? { field: where } : where }),
  ...(status === undefined ? {} : { status }),
});

const NO_RUN = `run_${'0'.repeat(32)}`;
const NO_DECISION = `dec_${'0'.repeat(32)}`;
const NO_DIGEST = `sha256:${'0'.repeat(64)}`;
const template = (parameters: Json, rest: Json = {}): Json => ({
  target: 'staging',
  title: 'Run nginx',
  template: { name: 'web-application', parameters },
  ...rest,
});
const without = (fields: Json, left: string): Json =>
  Object.fromEntries(Object.entries(fields).filter(([field]) => field !== left));
const file = (path: string, content: string): Json => ({
  target: 'staging',
  title: 'Files',
  files: [{ path, content }],
});
const configMap = (name = 'shop', namespace = 'staging-shop'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\ndata:\n  colour: blue\n`;
/** Deeper than any reader's stack. */
const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

const propose = (args: Json): Send => mcp('propose_change', args);
const NO_SHA = '0'.repeat(40);
const review = (pullRequest: Json, persona = 'security'): Send =>
  propose({ target: 'staging', title: 'Look', persona, pullRequest });

export const MCP_ROWS: readonly Row[] = [
  row('search: limit 0', mcp('search_infrastructure', { limit: 0 }), 'INPUT_INVALID', 'limit'),
  row('search: unknown argument', mcp('search_infrastructure', { like: 'x' }), 'INPUT_INVALID', 'like'),
  row('search: number for text', mcp('search_infrastructure', { text: 7 }), 'INPUT_INVALID', 'text'),
  row('search: long cursor', mcp('search_infrastructure', { cursor: 'x'.repeat(401) }), 'INPUT_INVALID', 'cursor'),
  row('search: NUL', mcp('search_infrastructure', { text: 'a\u0000b' }), 'INPUT_INVALID', 'text'),
  row('get_resource: missing id', mcp('get_resource'), 'INPUT_INVALID', 'id'),
  row('get_resource: unknown id', mcp('get_resource', { id: 'k8s:staging:/Pod:x:y' }), 'RESOURCE_UNKNOWN', 'id'),
  row('get_resource: NUL', mcp('get_resource', { id: 'k8s:\u0000' }), 'INPUT_INVALID', 'id'),
  row('blast radius: too deep', mcp('get_blast_radius', { id: 'k8s:x', depth: 11 }), 'INPUT_INVALID', 'depth'),
  row('blast radius: empty id', mcp('get_blast_radius', { id: '' }), 'INPUT_INVALID', 'id'),
  row('list_templates: an argument', mcp('list_templates', { all: true }), 'INPUT_INVALID', 'all'),
  row('describe_template: unknown', mcp('describe_template', { name: '../../etc' }), 'TEMPLATE_UNKNOWN', 'name'),
  row('describe_template: prototype', mcp('describe_template', { name: '__proto__' }), 'TEMPLATE_UNKNOWN'),
  row('get_run: no id', mcp('get_run', { run: '1; DROP TABLE runs' }), 'INPUT_INVALID', 'run'),
  row('get_run: unknown', mcp('get_run', { run: NO_RUN }), 'RUN_UNKNOWN', 'run'),
  row('list_runs: unknown state', mcp('list_runs', { state: 'lost' }), 'INPUT_INVALID', 'state'),
  row('list_runs: limit 101', mcp('list_runs', { limit: 101 }), 'INPUT_INVALID', 'limit'),
  row('list_runs: no cursor', mcp('list_runs', { cursor: 'next' }), 'INPUT_INVALID', 'cursor'),
  row('get_run_log: no id', mcp('get_run_log', { run: 'latest' }), 'INPUT_INVALID', 'run'),
  row('get_run_log: unknown', mcp('get_run_log', { run: NO_RUN }), 'RUN_UNKNOWN', 'run'),
  row('get_run_log: before the beginning', mcp('get_run_log', { run: NO_RUN, after: -1 }), 'INPUT_INVALID', 'after'),
  row('get_run_log: limit 501', mcp('get_run_log', { run: NO_RUN, limit: 501 }), 'INPUT_INVALID', 'limit'),
  row('pending: no cursor', mcp('list_pending_approvals', { cursor: 'next' }), 'INPUT_INVALID', 'cursor'),
  row('pending: limit 51', mcp('list_pending_approvals', { limit: 51 }), 'INPUT_INVALID', 'limit'),
  row('pending: asked to approve', mcp('list_pending_approvals', { approve: true }), 'INPUT_INVALID', 'approve'),
  row('explain: no id', mcp('explain_decision', { decision: 'dec_1' }), 'INPUT_INVALID', 'decision'),
  row('explain: unknown', mcp('explain_decision', { decision: NO_DECISION }), 'DECISION_UNKNOWN', 'id'),
  row('cancel: no id', mcp('cancel_run', { run: '' }), 'INPUT_INVALID', 'run'),
  row('cancel: unknown', mcp('cancel_run', { run: NO_RUN }), 'RUN_UNKNOWN', 'run'),
  row('cancel: ended', mcp('cancel_run', { run: '{ended}' }), 'RUN_ENDED'),
  row(
    'cancel: long reason',
    mcp('cancel_run', { run: '{ended}', reason: 'x'.repeat(2001) }),
    'INPUT_INVALID',
    'reason',
  ),
  row('cancel: NUL in reason', mcp('cancel_run', { run: '{waiting}', reason: 'a\u0000' }), 'INPUT_INVALID', 'reason'),
  row('retry: no id', mcp('retry_run', { run: 'the last one' }), 'INPUT_INVALID', 'run'),
  row('retry: unknown', mcp('retry_run', { run: NO_RUN }), 'RUN_UNKNOWN', 'run'),
  row('retry: under way', mcp('retry_run', { run: '{waiting}' }), 'RUN_NOT_ENDED', 'run'),
  row('rollback: no id', mcp('rollback_run', { run: 7 }), 'INPUT_INVALID', 'run'),
  row('rollback: unknown', mcp('rollback_run', { run: NO_RUN }), 'RUN_UNKNOWN', 'run'),
  row('rollback: under way', mcp('rollback_run', { run: '{waiting}' }), 'RUN_NOT_ENDED', 'run'),
  row('rollback: nothing stands', mcp('rollback_run', { run: '{ended}' }), 'ROLLBACK_REFUSED', 'run'),
  row('rollback: NUL', mcp('rollback_run', { run: '{waiting}', reason: 'a\u0000' }), 'INPUT_INVALID', 'reason'),
  row('check_policy: no files', mcp('check_policy', { target: 'staging', files: [] }), 'INPUT_INVALID', 'files'),
  row(
    'check_policy: foreign target',
    mcp('check_policy', { target: 'production', files: [{ path: 'a.yaml', content: configMap() }] }),
    'TARGET_OUT_OF_SCOPE',
    'target',
  ),
  row(
    'check_policy: file as a number',
    mcp('check_policy', { target: 'staging', files: [{ path: 'a.yaml', content: 1 }] }),
    'INPUT_INVALID',
    'files.0.content',
  ),
  row(
    'check_policy: broken YAML',
    mcp('check_policy', { target: 'staging', files: [{ path: 'a.yaml', content: 'kind: [\n' }] }),
    'MANIFEST_INVALID',
    { file: 'environments/staging/a.yaml' },
  ),
  row('propose: empty', propose({}), 'INPUT_INVALID', 'target'),
  row('propose: unknown target', propose(template(NGINX, { target: 'moon' })), 'TARGET_UNKNOWN', 'target'),
  row('propose: neither files nor template', propose({ target: 'staging', title: 'x' }), 'INPUT_INVALID', 'template'),
  row('propose: both', propose({ ...file('a.yaml', configMap()), ...template(NGINX) }), 'INPUT_INVALID', 'template'),
  row('propose: no title', propose(without(template(NGINX), 'title')), 'INPUT_INVALID', 'title'),
  row('propose: long title', propose(template(NGINX, { title: 'x'.repeat(121) })), 'INPUT_INVALID', 'title'),
  row('propose: NUL in title', propose(template(NGINX, { title: 'a\u0000b' })), 'INPUT_INVALID', 'title'),
  row('propose: half a character', propose(template(NGINX, { reason: 'x\ud800' })), 'INPUT_INVALID', 'reason'),
  row('propose: unknown persona', propose(template(NGINX, { persona: 'root' })), 'INPUT_INVALID', 'persona'),
  row('propose: persona cannot', propose(template(NGINX, { persona: 'sre' })), 'NOT_SUPPORTED', 'persona'),
  row('propose: unknown argument', propose(template(NGINX, { approve: true })), 'INPUT_INVALID', 'approve'),
  row('review: a short commit', review({ number: 1, sha: 'abc1234' }), 'INPUT_INVALID', 'pullRequest.sha'),
  row('review: number 0', review({ number: 0, sha: NO_SHA }), 'INPUT_INVALID', 'pullRequest.number'),
  row('review: number as text', review({ number: '1', sha: NO_SHA }), 'INPUT_INVALID', 'pullRequest.number'),
  row('review: an event', review({ number: 1, sha: NO_SHA, event: 'APPROVE' }), 'INPUT_INVALID', 'pullRequest.event'),
  row('review: by who changes', review({ number: 1, sha: NO_SHA }, 'devops'), 'STRATEGY_DIFFERS', 'pullRequest'),
  row('review: of a template', propose(template(NGINX, { persona: 'security' })), 'STRATEGY_DIFFERS', 'template'),
  row(
    'review: of files and a pull request',
    propose({ ...file('a.yaml', configMap()), persona: 'security', pullRequest: { number: 1, sha: NO_SHA } }),
    'INPUT_INVALID',
    'template',
  ),
  row(
    'propose: unknown field of the template',
    propose({ target: 'staging', title: 'x', template: { name: 'web-application', parameters: NGINX, force: true } }),
    'INPUT_INVALID',
    'template.force',
  ),
  row(
    'propose: unknown template',
    propose({ target: 'staging', title: 'x', template: { name: 'helm', parameters: {} } }),
    'TEMPLATE_UNKNOWN',
    'template.name',
  ),
  row('parameter missing', propose(template(without(NGINX, 'image'))), 'INPUT_INVALID', 'template.parameters.image'),
  row('parameter unknown', propose(template({ ...NGINX, cpu: 9 })), 'INPUT_INVALID', 'template.parameters.cpu'),
  row(
    'parameter of another kind',
    propose(template({ ...NGINX, replicas: 'three' })),
    'INPUT_INVALID',
    'template.parameters.replicas',
  ),
  row(
    'parameter too large',
    propose(template({ ...NGINX, replicas: 1e9 })),
    'INPUT_INVALID',
    'template.parameters.replicas',
  ),
  row(
    'parameter is a command',
    propose(template({ ...NGINX, name: 'x; rm -rf /' })),
    'INPUT_INVALID',
    'template.parameters.name',
  ),
  row(
    'parameter is a placeholder',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is one of the template's own placeholders
    propose(template({ ...NGINX, name: '${target.path}' })),
    'INPUT_INVALID',
    'template.parameters.name',
  ),
  row(
    'parameter names a foreign namespace',
    propose(template({ ...NGINX, namespace: 'kube-system' })),
    'INPUT_INVALID',
    'template.parameters.namespace',
  ),
  row(
    'parameters without bottom',
    propose(template({ ...NGINX, more: JSON.parse(deep(3000)) as unknown })),
    'INPUT_INVALID',
    'template.parameters.more',
  ),
  row('secret in title', propose(template(NGINX, { title: `Use ${PLANTED.github}` })), 'POLICY_DENIED', {
    rule: 'secret-in-text',
  }),
  row('secret in reason', propose(template(NGINX, { reason: `key ${PLANTED.aws}` })), 'POLICY_DENIED', {
    rule: 'secret-in-text',
  }),
  row('secret in a parameter', propose(template({ ...NGINX, password: PLANTED.password })), 'POLICY_DENIED', {
    rule: 'secret-in-text',
  }),
  row(
    'secret in a file',
    propose(file('a.yaml', configMap().replace('colour: blue', `db_password: ${PLANTED.password}`))),
    'POLICY_DENIED',
    { rule: 'secret-in-text' },
  ),
  row('MCP without token', mcpHttp({ body: {} }), 'TOKEN_MISSING', undefined, 401),
  row('MCP with a wrong token', mcpHttp({ body: {}, headers: { authorization: 'Bearer pwa_x' } }), 'TOKEN_INVALID'),
  row(
    'MCP with another Host',
    mcpHttp({ body: {}, headers: { host: 'evil.example:80' } }),
    'HOST_REFUSED',
    'Host',
    403,
  ),
  row(
    'MCP from another Origin',
    mcpHttp({ body: {}, headers: { origin: 'https://evil.example' } }),
    'ORIGIN_REFUSED',
    'Origin',
  ),
];

const path = (given: string, code: string, field = 'files.0.path'): Row =>
  row(`path ${JSON.stringify(given)}`, propose(file(given, configMap())), code, field);
const manifest = (name: string, content: string, code: string, line: number): Row =>
  row(name, propose(file('shop/x.yaml', content)), code, { file: 'environments/staging/shop/x.yaml', line });

export const FILE_ROWS: readonly Row[] = [
  path('../production/x.yaml', 'PATH_OUTSIDE_TARGET'),
  path('/etc/x.yaml', 'PATH_OUTSIDE_TARGET'),
  path('C:/x.yaml', 'PATH_OUTSIDE_TARGET'),
  path('a\\..\\b.yaml', 'PATH_OUTSIDE_TARGET'),
  path('a//b.yaml', 'PATH_OUTSIDE_TARGET'),
  path('a/./b.yaml', 'PATH_OUTSIDE_TARGET'),
  path('.github/workflows/x.yaml', 'PATH_OUTSIDE_TARGET'),
  path('x/.GIT/config.yaml', 'PATH_OUTSIDE_TARGET'),
  path('a /b.yaml', 'PATH_OUTSIDE_TARGET'),
  path('a\nb.yaml', 'PATH_OUTSIDE_TARGET'),
  path('main.tf', 'NOT_SUPPORTED'),
  path('run.sh', 'NOT_SUPPORTED'),
  path('kustomization.yaml', 'NOT_SUPPORTED'),
  path('', 'INPUT_INVALID'),
  row(
    'deletion outside',
    propose({ target: 'staging', title: 'x', deletions: ['../../README.yaml'] }),
    'PATH_OUTSIDE_TARGET',
    'deletions.0',
  ),
  row(
    'one file twice',
    propose({
      target: 'staging',
      title: 'x',
      files: ['a.yaml', 'A.yaml'].map((one) => ({ path: one, content: configMap() })),
    }),
    'INPUT_INVALID',
    'files.1.path',
  ),
  row('no file at all', propose({ target: 'staging', title: 'x', deletions: [] }), 'FILES_UNCHANGED', 'files'),
  row(
    '51 files',
    propose({
      target: 'staging',
      title: 'x',
      files: Array.from({ length: 51 }, (_, i) => ({ path: `${i}.yaml`, content: configMap(`c${i}`) })),
    }),
    'INPUT_INVALID',
    'files',
  ),
  row('a huge file', propose(file('a.yaml', `# ${'x'.repeat(262_144)}`)), 'INPUT_INVALID', 'files.0.content'),
  row('NUL in a file', propose(file('a.yaml', `${configMap()}# \u0000`)), 'INPUT_INVALID', 'files.0.content'),
  manifest('YAML that does not end', 'apiVersion: v1\nkind: [ConfigMap\n', 'MANIFEST_INVALID', 3),
  manifest('a key twice', `${configMap()}kind: Secret\n`, 'MANIFEST_INVALID', 8),
  manifest('no kind', 'apiVersion: v1\nmetadata: { name: x }\n', 'MANIFEST_INVALID', 1),
  manifest('no name', '\napiVersion: v1\nkind: ConfigMap\n', 'MANIFEST_INVALID', 2),
  manifest('generateName', 'apiVersion: v1\nkind: Pod\nmetadata: { generateName: x }\n', 'MANIFEST_INVALID', 1),
  manifest('a text, no object', `${configMap()}---\njust text\n`, 'MANIFEST_INVALID', 9),
  manifest('an alias', 'a: &x 1\nb: *x\n', 'MANIFEST_INVALID', 1),
  manifest('a tag', `${configMap()}x: !!js/function "f"\n`, 'MANIFEST_INVALID', 8),
  manifest('an object twice', `${configMap()}---\n${configMap()}`, 'MANIFEST_INVALID', 9),
  manifest('a list', 'apiVersion: v1\nkind: List\nmetadata: { name: x }\nitems: []\n', 'MANIFEST_KIND_REFUSED', 1),
  manifest('YAML without bottom', `x: ${'['.repeat(5000)}`, 'MANIFEST_INVALID', 1),
];

const vote = (parts: Json, as: 'owner' | 'reviewer' | 'agent' = 'reviewer', run = '{waiting}'): Send =>
  rest('POST', `/api/v1/runs/${run}/votes`, {
    as,
    body: { subjectDigest: '{subject}', decision: 'approve', ...parts },
  });

export const REST_ROWS: readonly Row[] = [
  row('no route', rest('GET', '/api/v1/nothing'), 'ROUTE_UNKNOWN', undefined, 404),
  row('a route by another method', rest('DELETE', '/api/v1/runs'), 'ROUTE_UNKNOWN', undefined, 404),
  row('a path that is no text', rest('GET', '/api/v1/runs/%E0%A4%A'), 'INPUT_INVALID', 'path', 400),
  row('body is no JSON', rest('POST', '/api/v1/runs', { body: '{"target":' }), 'INPUT_INVALID', 'body', 400),
  row('body is a list', rest('POST', '/api/v1/runs', { body: '[]' }), 'INPUT_INVALID', 'body', 400),
  row('body is null', rest('POST', '/api/v1/runs', { body: 'null' }), 'INPUT_INVALID', 'body', 400),
  row('no body', rest('POST', '/api/v1/runs'), 'INPUT_INVALID', 'target', 400),
  row(
    'body over the limit',
    rest('POST', '/api/v1/runs', { body: template(NGINX, { reason: 'x'.repeat(1_100_000) }) }),
    'BODY_TOO_LARGE',
    undefined,
    413,
  ),
  row(
    'body in an unknown encoding',
    rest('POST', '/api/v1/runs', { body: '{}', headers: { 'content-encoding': 'zz' } }),
    'INPUT_INVALID',
    'body',
    400,
  ),
  row(
    'body in an unknown character set',
    rest('POST', '/api/v1/runs', { body: '{}', headers: { 'content-type': 'application/json; charset=zz' } }),
    'INPUT_INVALID',
    'body',
    400,
  ),
  row(
    'body without bottom',
    rest('POST', '/api/v1/runs', {
      body: `{"target":"staging","title":"x","template":{"name":"web-application","parameters":${deep(50_000)}}}`,
    }),
    'INPUT_INVALID',
    'template.parameters.a',
    400,
  ),
  row(
    'run: unknown field',
    rest('POST', '/api/v1/runs', { body: template(NGINX, { quorum: 0 }) }),
    'INPUT_INVALID',
    'quorum',
  ),
  row(
    'run: NUL in title',
    rest('POST', '/api/v1/runs', { body: template(NGINX, { title: 'a\u0000' }) }),
    'INPUT_INVALID',
    'title',
  ),
  row(
    'run: another persona',
    rest('POST', '/api/v1/runs', { body: template(NGINX, { persona: 'sre' }) }),
    'PERSONA_OUT_OF_SCOPE',
    'persona',
    403,
  ),
  row(
    'run: a persona that only reports',
    rest('POST', '/api/v1/runs', { as: 'reviewer', body: template(NGINX) }),
    'NOT_SUPPORTED',
    'persona',
    501,
  ),
  row(
    'run: secret in reason',
    rest('POST', '/api/v1/runs', { body: template(NGINX, { reason: `x ${PLANTED.github}` }) }),
    'POLICY_DENIED',
    { rule: 'secret-in-text' },
    422,
  ),
  row(
    'run: unknown target',
    rest('POST', '/api/v1/runs', { body: template(NGINX, { target: 'moon' }) }),
    'TARGET_UNKNOWN',
    'target',
    404,
  ),
  row('runs: unknown state', rest('GET', '/api/v1/runs?state=lost'), 'INPUT_INVALID', 'query.state', 400),
  row('runs: limit no number', rest('GET', '/api/v1/runs?limit=many'), 'INPUT_INVALID', 'query.limit', 400),
  row('runs: limit twice', rest('GET', '/api/v1/runs?limit=1&limit=2'), 'INPUT_INVALID', 'query.limit', 400),
  row('runs: no cursor', rest('GET', '/api/v1/runs?cursor=%00'), 'INPUT_INVALID', 'query.cursor', 400),
  row('runs: unknown filter', rest('GET', '/api/v1/runs?sort=asc'), 'INPUT_INVALID', 'query.sort', 400),
  row('run: no id', rest('GET', '/api/v1/runs/1'), 'RUN_UNKNOWN', 'id', 404),
  row('run: unknown', rest('GET', `/api/v1/runs/${NO_RUN}`), 'RUN_UNKNOWN', 'run', 404),
  row('run: NUL for an id', rest('GET', '/api/v1/runs/%00'), 'RUN_UNKNOWN', 'id', 404),
  row('log: no id', rest('GET', '/api/v1/runs/x/log'), 'RUN_UNKNOWN', 'id', 404),
  row('log: unknown id', rest('GET', `/api/v1/runs/${NO_RUN}/log`), 'RUN_UNKNOWN', 'run', 404),
  row('events: no id', rest('GET', '/api/v1/runs/x/events'), 'RUN_UNKNOWN', 'id', 404),
  row('events: unknown id', rest('GET', `/api/v1/runs/${NO_RUN}/events`), 'RUN_UNKNOWN', 'run', 404),
  row('template: unknown', rest('GET', '/api/v1/templates/constructor'), 'TEMPLATE_UNKNOWN', 'name', 404),
  row('decision: no id', rest('GET', '/api/v1/decisions/1'), 'DECISION_UNKNOWN', 'id', 404),
  row('decision: NUL for an id', rest('GET', '/api/v1/decisions/%00'), 'DECISION_UNKNOWN', 'id', 404),
  row('vote: no digest', vote({ subjectDigest: 'latest' }), 'INPUT_INVALID', 'subjectDigest', 400),
  row('vote: unknown decision', vote({ decision: 'yes' }), 'INPUT_INVALID', 'decision', 400),
  row('vote: unknown field', vote({ person: 'owner' }), 'INPUT_INVALID', 'person', 400),
  row('vote: NUL in reason', vote({ reason: '\u0000' }), 'INPUT_INVALID', 'reason', 400),
  row('vote: another subject', vote({ subjectDigest: NO_DIGEST }), 'SUBJECT_CHANGED', undefined, 409),
  row('vote: for one’s own agent', vote({}, 'owner'), 'VOTER_IS_REQUESTER', undefined, 403),
  row('vote: by an agent', vote({}, 'agent'), 'AUDIENCE_REFUSED', 'Authorization', 403),
  row('vote: on an ended run', vote({}, 'reviewer', '{ended}'), 'NOT_AWAITING_APPROVAL', 'run', 409),
  row('vote: unknown run', vote({}, 'reviewer', NO_RUN), 'RUN_UNKNOWN', 'run', 404),
  row('vote: no run', vote({}, 'reviewer', 'x'), 'RUN_UNKNOWN', 'id', 404),
  row(
    'discard: unknown field',
    rest('POST', '/api/v1/runs/{waiting}/discard', { as: 'reviewer', body: { force: 1 } }),
    'INPUT_INVALID',
    'force',
    400,
  ),
  row(
    'discard: NUL in reason',
    rest('POST', '/api/v1/runs/{waiting}/discard', { as: 'reviewer', body: { reason: '\u0000' } }),
    'INPUT_INVALID',
    'reason',
    400,
  ),
  row(
    'discard: by the requester',
    rest('POST', '/api/v1/runs/{waiting}/discard', { body: {} }),
    'VOTER_IS_REQUESTER',
    undefined,
    403,
  ),
  row(
    'discard: ended',
    rest('POST', '/api/v1/runs/{ended}/discard', { as: 'reviewer', body: {} }),
    'RUN_ENDED',
    undefined,
    409,
  ),
  row('discard: no run', rest('POST', '/api/v1/runs/x/discard', { body: {} }), 'RUN_UNKNOWN', 'id', 404),
  row(
    'cancel: reason no text',
    rest('POST', '/api/v1/runs/{waiting}/cancel', { body: { reason: 1 } }),
    'INPUT_INVALID',
    'reason',
    400,
  ),
  row(
    'cancel by a person: ended',
    rest('POST', '/api/v1/runs/{ended}/cancel', { body: {} }),
    'RUN_ENDED',
    undefined,
    409,
  ),
  row('cancel: unknown run', rest('POST', `/api/v1/runs/${NO_RUN}/cancel`, { body: {} }), 'RUN_UNKNOWN', 'run', 404),
  row('retry: over REST', rest('POST', '/api/v1/runs/{waiting}/retry', { body: {} }), 'RUN_NOT_ENDED', 'run', 409),
  row(
    'retry: a field',
    rest('POST', '/api/v1/runs/{waiting}/retry', { body: { force: 1 } }),
    'INPUT_INVALID',
    'force',
    400,
  ),
  row(
    'rollback: over REST',
    rest('POST', '/api/v1/runs/{waiting}/rollback', { body: {} }),
    'RUN_NOT_ENDED',
    'run',
    409,
  ),
  row(
    'runs rebuild: a session',
    rest('POST', '/api/v1/runs/rebuild', { body: {} }),
    'TOKEN_INVALID',
    'Authorization',
    401,
  ),
  row(
    'release locks: none kept',
    rest('POST', '/api/v1/runs/{ended}/release-locks', { body: { reason: 'looked' } }),
    'LOCK_NOT_KEPT',
    'run',
    409,
  ),
  ...GATE_ROWS,
  row('sign in: no token', rest('POST', '/api/v1/session', { as: 'nobody', body: {} }), 'INPUT_INVALID', 'token', 400),
  row(
    'sign in: unknown link',
    rest('POST', '/api/v1/session', { as: 'nobody', body: { token: 'x'.repeat(43) } }),
    'SIGN_IN_LINK_INVALID',
    undefined,
    401,
  ),
  row(
    'sign in: spent link',
    rest('POST', '/api/v1/session', { as: 'nobody', body: { token: '{spentLink}' } }),
    'SIGN_IN_LINK_INVALID',
    undefined,
    401,
  ),
  row(
    'link: no token',
    rest('POST', '/api/v1/sign-in-links', { as: 'nobody', body: { person: 'owner' } }),
    'TOKEN_INVALID',
    'Authorization',
    401,
  ),
  row(
    'link: agent token',
    rest('POST', '/api/v1/sign-in-links', { as: 'agent', body: { person: 'owner' } }),
    'TOKEN_INVALID',
    'Authorization',
    401,
  ),
  row(
    'link: a person’s session',
    rest('POST', '/api/v1/sign-in-links', { body: { person: 'owner' } }),
    'TOKEN_INVALID',
    'Authorization',
    401,
  ),
  row(
    'graph rebuild: a person’s session',
    rest('POST', '/api/v1/graph/rebuild', { body: {} }),
    'TOKEN_INVALID',
    'Authorization',
    401,
  ),
  row(
    'graph rebuild: where the graph is read as it is recorded',
    rest('POST', '/api/v1/graph/rebuild', { as: 'operator', body: {} }),
    'NOT_SUPPORTED',
    'graph.store',
    501,
  ),
  row(
    'link: unknown person',
    rest('POST', '/api/v1/sign-in-links', { as: 'operator', body: { person: 'nobody' } }),
    'VOTER_UNKNOWN',
    'person',
    400,
  ),
  row(
    'link: unknown field',
    rest('POST', '/api/v1/sign-in-links', { as: 'operator', body: { person: 'owner', days: 9 } }),
    'INPUT_INVALID',
    'days',
    400,
  ),
  row(
    'operator token elsewhere',
    rest('GET', '/api/v1/runs', { as: 'operator' }),
    'AUDIENCE_REFUSED',
    'Authorization',
    403,
  ),
  row(
    'another Host',
    rest('GET', '/api/v1/runs', { headers: { host: 'planwarden.evil.example' } }),
    'HOST_REFUSED',
    'Host',
    403,
  ),
  row(
    'our Host, another port',
    rest('GET', '/livez', { headers: { host: '127.0.0.1:1' } }),
    'HOST_REFUSED',
    'Host',
    403,
  ),
  row(
    'another Origin',
    rest('POST', '/api/v1/runs', { body: template(NGINX), headers: { origin: 'http://evil.example' } }),
    'ORIGIN_REFUSED',
    'Origin',
    403,
  ),
  row(
    'Origin null',
    rest('POST', '/api/v1/session', { as: 'nobody', body: {}, headers: { origin: 'null' } }),
    'ORIGIN_REFUSED',
    'Origin',
    403,
  ),
  row(
    'an invented session',
    rest('GET', '/api/v1/session', { as: 'nobody', headers: { cookie: 'planwarden_session=x' } }),
    'SESSION_MISSING',
    undefined,
    401,
  ),
  row(
    'CSRF token of another session',
    rest('POST', '/api/v1/runs', { body: template(NGINX), headers: { 'x-csrf-token': 'x' } }),
    'CSRF_INVALID',
    'x-csrf-token',
    403,
  ),
  row(
    'webhook without signature',
    webhook('{}', () => undefined),
    'SIGNATURE_INVALID',
    'x-hub-signature-256',
    401,
  ),
  row(
    'webhook with another secret',
    webhook('{}', () => 'guess'),
    'SIGNATURE_INVALID',
    'x-hub-signature-256',
    401,
  ),
  row(
    'webhook signed over other bytes',
    webhook('{ }', ({ world }) => world.at.secrets.webhookSecret, '{}'),
    'SIGNATURE_INVALID',
    'x-hub-signature-256',
    401,
  ),
];

/** Every route behind a session: [method, path]. A test compares this with the OpenAPI document. */
export const SESSION_ROUTES: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/api/v1/session'],
  ['DELETE', '/api/v1/session'],
  ['GET', '/api/v1/targets'],
  ['GET', '/api/v1/templates'],
  ['GET', '/api/v1/templates/{name}'],
  ['GET', '/api/v1/locks'],
  ['GET', '/api/v1/runs'],
  ['POST', '/api/v1/runs'],
  ['GET', '/api/v1/runs/{id}'],
  ['GET', '/api/v1/runs/{id}/log'],
  ['GET', '/api/v1/runs/{id}/events'],
  ['GET', '/api/v1/events'],
  ['POST', '/api/v1/runs/{id}/votes'],
  ['POST', '/api/v1/runs/{id}/discard'],
  ['POST', '/api/v1/runs/{id}/cancel'],
  ['POST', '/api/v1/runs/{id}/release-locks'],
  ['POST', '/api/v1/runs/{id}/retry'],
  ['POST', '/api/v1/runs/{id}/rollback'],
  ['GET', '/api/v1/decisions/{id}'],
  ['POST', '/api/v1/runs/{id}/break-glass'],
  ['GET', '/api/v1/freezes'],
  ['POST', '/api/v1/freezes'],
  ['POST', '/api/v1/freezes/{id}/lift'],
  ['GET', '/api/v1/passkeys'],
  ['POST', '/api/v1/passkeys/enrolments'],
  ['POST', '/api/v1/passkeys'],
  ['DELETE', '/api/v1/passkeys/{id}'],
];

const real = (route: string): string => route.replace('{id}', '{waiting}').replace('{name}', 'web-application');
const body = { subjectDigest: '{subject}', decision: 'approve' };
const sent = (method: string) => (method === 'GET' ? {} : { body });

export const DOOR_ROWS: readonly Row[] = SESSION_ROUTES.flatMap(([method, route]) => [
  row(
    `nobody: ${method} ${route}`,
    rest(method, real(route), { as: 'nobody', ...sent(method) }),
    'SESSION_MISSING',
    undefined,
    401,
  ),
  row(
    `an agent: ${method} ${route}`,
    rest(method, real(route), { as: 'agent', ...sent(method) }),
    'AUDIENCE_REFUSED',
    'Authorization',
    403,
  ),
  ...(method === 'GET'
    ? []
    : [
        row(
          `no CSRF token: ${method} ${route}`,
          rest(method, real(route), { as: 'reviewer', ...sent(method), headers: { 'x-csrf-token': undefined } }),
          'CSRF_INVALID',
          'x-csrf-token',
          403,
        ),
      ]),
]);

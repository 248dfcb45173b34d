import { type ErrorBody, PlanwardenError, type Target, targetSchema } from '@planwarden/contracts';
import { type Document, isMap, isNode, isPair, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type ConfigParsed, configAsWritten } from './config.schema.js';

/** Where the product listens, and what callers may call it. */
export interface Listen {
  readonly host: string;
  readonly port: number;
  /** `host:port` as callers name it, the address for people first; null: loopback, by any of its names. */
  readonly hosts: readonly string[] | null;
}

/** The installation's configuration as trusted. */
export interface InstallationConfig {
  readonly mode: 'sandbox';
  /** Everything can be read; nothing is asked for, decided or carried on. */
  readonly readOnly: boolean;
  readonly listen: Listen;
  readonly database: ConfigParsed['database'];
  readonly bell: ConfigParsed['bell'];
  readonly secrets: ConfigParsed['secrets'];
  readonly sandbox: ConfigParsed['sandbox'];
  /** Where the graph is read; it is recorded in Postgres in any case. */
  readonly graph: ConfigParsed['graph'];
  readonly terraform: ConfigParsed['terraform'];
  readonly targets: readonly Target[];
  readonly people: ConfigParsed['people'];
  readonly agents: ConfigParsed['agents'];
}

type Problem = NonNullable<ErrorBody['details']>[number];
type Path = readonly PropertyKey[];

/**
 * Reads planwarden.yaml.
 * @param text the file's content; @param file its name, for error messages
 * @throws PlanwardenError CONFIG_INVALID with every problem found and its line, NOT_SUPPORTED for what this version refuses
 */
export function parseConfig(text: string, file = 'planwarden.yaml'): InstallationConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, version: '1.2' });
  const lineOf = (path: Path): number => lines.linePos(offsetOf(document, path)).line;
  const syntax = document.errors.map(
    (error): Problem => ({
      code: 'CONFIG_INVALID',
      message: `not readable as YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`,
      where: { file, line: lines.linePos(error.pos[0]).line },
    }),
  );
  if (syntax.length > 0) throw invalid(file, syntax);

  const parsed = configAsWritten.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) {
    throw invalid(
      file,
      parsed.error.issues.map((issue): Problem => {
        const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
        return {
          code: 'CONFIG_INVALID',
          message: wrongWith(issue),
          where: { file, line: lineOf(path), field: path.join('.') },
        };
      }),
    );
  }

  const config = parsed.data;
  const problems = crossCheck(config).map(
    ([path, message]): Problem => ({
      code: 'CONFIG_INVALID',
      message,
      where: { file, line: lineOf(path), field: path.join('.') },
    }),
  );
  if (problems.length > 0) throw invalid(file, problems);
  refuseUnsupported(config, file, lineOf);

  const targets = config.targets.map((target) => {
    const [owner = '', repository = ''] = target.repository.split('/');
    return targetSchema.parse({ ...target, ...asked(target), repository: { owner, name: repository } });
  });
  return {
    mode: 'sandbox',
    readOnly: config.readOnly,
    listen: listenOf(config.listen),
    database: config.database,
    bell: config.bell,
    secrets: config.secrets,
    sandbox: config.sandbox,
    graph: config.graph,
    terraform: config.terraform,
    targets,
    people: config.people,
    agents: config.agents,
  };
}

function listenOf({ host, port, behind, hosts }: ConfigParsed['listen']): Listen {
  return { host: host ?? (behind === 'container' ? '0.0.0.0' : '127.0.0.1'), port, hosts: hosts ?? null };
}

/** Every interface is listened on only where a container stands around it, and then callers are named. */
function crossCheckListen({ host, port, behind, hosts }: ConfigParsed['listen']): [Path, string][] {
  const problems: [Path, string][] = [];
  if (behind === undefined && host === '0.0.0.0') {
    problems.push([['listen', 'host'], 'only a loopback address, unless behind: container is said']);
  }
  if (behind === undefined && hosts !== undefined) {
    problems.push([['listen', 'hosts'], 'only with behind: container; on loopback the names are known']);
  }
  if (behind === 'container' && hosts === undefined) {
    problems.push([['listen', 'behind'], 'hosts must name what callers may call this server, such as 127.0.0.1:7420']);
  }
  if (behind === 'container' && port === 0) problems.push([['listen', 'port'], 'must be one that can be published']);
  return problems;
}

/** Environments for which one vote with a passkey is asked where the operator does not say otherwise. */
const PRODUCTION: readonly string[] = ['production', 'prod'];

const rolesAsked = ({ quorum }: ConfigParsed['targets'][number]): string[] =>
  typeof quorum === 'number' ? [] : Object.keys(quorum.roles);

/** How many votes, of which roles, and how many with a passkey. */
function asked({ quorum, presenceVotes, environment }: ConfigParsed['targets'][number]) {
  const roles = typeof quorum === 'number' ? {} : quorum.roles;
  const ofRoles = Object.values(roles).reduce((sum, count) => sum + count, 0);
  return {
    quorum: typeof quorum === 'number' ? quorum : (quorum.votes ?? Math.max(1, ofRoles)),
    ...(ofRoles === 0 ? {} : { quorumRoles: roles }),
    presenceVotes: presenceVotes ?? (PRODUCTION.includes(environment) ? 1 : 0),
  };
}

/** Rules that need more than one setting at a time, as [path, message]. */
function crossCheck(config: ConfigParsed): [Path, string][] {
  const problems = crossCheckListen(config.listen);
  const people = new Set(config.people.map((person) => person.id));
  const targets = new Set(config.targets.map((target) => target.name));
  const twice = (values: readonly (string | number)[], path: (index: number) => Path, what: string): void => {
    values.forEach((value, index) => {
      if (values.indexOf(value) !== index) problems.push([path(index), `${what} ${value} is there twice`]);
    });
  };
  twice(
    config.targets.map((t) => t.name),
    (i) => ['targets', i, 'name'],
    'target',
  );
  twice(
    config.targets.map((t) => (t.kind === 'terraform' ? t.stack : `manifests ${t.name}`)),
    (i) => ['targets', i, 'stack'],
    'stack',
  );
  twice(
    config.people.map((p) => p.id),
    (i) => ['people', i, 'id'],
    'person',
  );
  twice(
    config.people.map((p) => p.github.id),
    (i) => ['people', i, 'github', 'id'],
    'GitHub id',
  );
  twice(
    config.agents.map((a) => a.id),
    (i) => ['agents', i, 'id'],
    'agent',
  );
  config.targets.forEach((target, i) => {
    if (target.kind === 'manifests' && !`${target.argocd.rootPath}/`.startsWith(`${target.path}/`)) {
      problems.push([['targets', i, 'argocd', 'rootPath'], `must lie inside the target's path ${target.path}`]);
    }
    target.owners.forEach((owner, k) => {
      if (!people.has(owner)) problems.push([['targets', i, 'owners', k], `nobody in people is called ${owner}`]);
    });
  });
  const roles = new Set(['approver', 'viewer', ...config.targets.flatMap(rolesAsked)]);
  config.people.forEach((person, i) => {
    for (const [environment, given] of Object.entries(person.roles)) {
      // A role that nothing asks for is a slip of the pen, and would vote.
      const strange = [given].flat().find((role) => !roles.has(role));
      if (strange !== undefined) {
        problems.push([['people', i, 'roles', environment], `no quorum asks for a role ${strange}`]);
      }
    }
  });
  twice(
    config.people.flatMap((person) => (person.passkeys ?? []).map(({ id }) => id)),
    () => ['people'],
    'passkey',
  );
  config.agents.forEach((agent, i) => {
    if (!people.has(agent.onBehalfOf)) {
      problems.push([['agents', i, 'onBehalfOf'], `nobody in people is called ${agent.onBehalfOf}`]);
    }
    agent.targets.forEach((name, k) => {
      if (!targets.has(name)) problems.push([['agents', i, 'targets', k], `there is no target ${name}`]);
    });
  });
  return problems;
}

function refuseUnsupported(config: ConfigParsed, file: string, lineOf: (path: Path) => number): void {
  const refuse = (path: Path, message: string, remedy: string): never => {
    throw new PlanwardenError('NOT_SUPPORTED', message, {
      where: { file, line: lineOf(path), field: path.join('.') },
      remedy,
    });
  };
  if (config.mode === 'real') {
    refuse(
      ['mode'],
      'mode real is not supported yet: nothing connects GitHub Apps and clusters of your own, and an apply in Actions shows no permit',
      'Set mode to sandbox. What a repository will need is read by planwarden github check.',
    );
  }
  config.targets.forEach((target, i) => {
    if (target.kind === 'terraform') {
      const { state, providers } = target.terraform;
      const operated = providers.findIndex(({ settings, credentials }) => holds(settings) || holds(credentials));
      const path: Path = operated < 0 ? ['state'] : ['providers', operated];
      if (state.kind !== 'local' || operated >= 0) {
        refuse(
          ['targets', i, 'terraform', ...path],
          `target ${target.name}: a state or a provider of the real world does not go with the sandbox that decides here`,
          'Leave it out until mode real is supported.',
        );
      }
    }
    if (target.kind === 'terraform' && target.terraform.runner === 'actions') {
      // A job has neither the files that planwarden.yaml names nor a mirror.
      const { state, providers } = target.terraform;
      const lacking = state.kind !== 'local' ? 'state' : providers.length > 0 ? 'providers' : undefined;
      if (lacking !== undefined) {
        refuse(
          ['targets', i, 'terraform', lacking],
          `target ${target.name}: ${lacking} of a stack that runs in GitHub Actions are not supported yet`,
          'Set runner to worker, or leave them out.',
        );
      }
    }
    if (target.delivery === 'direct') {
      refuse(
        ['targets', i, 'delivery'],
        `target ${target.name}: delivery ${target.delivery} is not supported yet`,
        'Set delivery to gitops.',
      );
    }
  });
}

const holds = (settings: object): boolean => Object.keys(settings).length > 0;

function invalid(file: string, details: Problem[]): PlanwardenError {
  const first = details[0];
  const place = first?.where ? `${file}:${first.where.line}${first.where.field ? ` ${first.where.field}` : ''}` : file;
  const more = details.length > 1 ? ` (and ${details.length - 1} more)` : '';
  return new PlanwardenError('CONFIG_INVALID', `${place}: ${first?.message ?? 'invalid'}${more}`, {
    ...(first?.where ? { where: first.where } : {}),
    remedy: 'Mend the lines named. What runs already reads them at once; else start again.',
    details,
  });
}

/** Offset of the deepest node on the path that exists: a missing key is reported where its map begins. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = isNode(node) && node.range ? node.range[0] : 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(key));
      if (!pair) return offset;
      if (isNode(pair.key) && pair.key.range) offset = pair.key.range[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isNode(node) && node.range) offset = node.range[0];
    } else return offset;
  }
  return offset;
}

function wrongWith(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown setting ${issue.keys.join(', ')}`;
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return isMissing ? `is missing (${issue.expected})` : issue.message;
}

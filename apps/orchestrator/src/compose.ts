import {
  BreakGlassStore,
  FreezeStore,
  type FreshPorts,
  migrateApprovals,
  PasskeyStore,
  peopleDigest,
  SeenRejectStore,
  SubjectStore,
  targetConfigurationDigest,
  VoteStore,
} from '@planwarden/approvals';
import { type ClusterClient, createClusterClient } from '@planwarden/cluster';
import {
  type FaultPoints,
  type Log,
  newId,
  noFaults,
  PlanwardenError,
  REVIEW_EVENTS,
  type Target,
} from '@planwarden/contracts';
import { createPool, runMigrations } from '@planwarden/database';
import { migrateGraph } from '@planwarden/graph';
import { DecisionStore, Guardrails } from '@planwarden/guardrails';
import { TemplateCatalog } from '@planwarden/manifests';
import { loadPins, McpGateway, type ServerOptions } from '@planwarden/mcp-client';
import { loadPersonas } from '@planwarden/personas';
import { redactJson } from '@planwarden/redaction';
import { type Bell, type BellBackend, LockStore, migrateRuns, openBell, RunStore } from '@planwarden/runs';
import { createSourceControl, type SourceControl } from '@planwarden/source-control';
import { migrateTerraform, TerraformTemplates } from '@planwarden/terraform';
import type pg from 'pg';
import type { App } from './app.js';
import { callJournal, installationId, migrateOrchestrator } from './call-log.store.js';
import type { ChangeServices } from './change/change.services.js';
import { judge } from './change/judge.js';
import { POLL_TIMES, type PollTimes } from './change/look-again.js';
import type { InstallationConfig } from './config.file.js';
import { ConfigSource } from './config.source.js';
import { type GraphBackend, openGraph } from './graph-backend.js';
import { identityMigrations, SessionStore } from './identity/session.store.js';
import { JournalFollower } from './journal-follower.js';
import { Metrics } from './metrics.js';
import type { OutsideWorld } from './outside-world.js';
import { readSecretFile } from './secret-file.js';
import { PERSONAS_FOLDER, TEMPLATES_FOLDER, TERRAFORM_TEMPLATES_FOLDER, webFolder } from './shipped-folders.js';
import { type TerraformOptions, terraformServices } from './terraform-runners.js';
import { migrateWebhooks, WebhookDeliveries } from './webhook-deliveries.js';

export interface ComposeOptions {
  readonly configFile: string;
  readonly connectionString: string;
  readonly outside: OutsideWorld;
  readonly terraform: TerraformOptions;
  readonly log: Log;
  /** Named instants at which tests crash or wait; empty in production. */
  readonly faults?: FaultPoints;
  /** How often a parked run looks at GitHub by itself; shorter in tests. */
  readonly poll?: PollTimes;
}

/** What every process of an installation works with, whatever its role. */
export interface Parts {
  readonly pool: pg.Pool;
  readonly config: ConfigSource;
  readonly services: ChangeServices;
  readonly graph: GraphBackend;
  readonly bell: Bell;
  readonly bellBackend: BellBackend;
  /** Name -> check; each throws or resolves. */
  readonly checks: App['checks'];
  /** Closes bell, MCP connections, policy thread and pool, in that order. */
  close(): Promise<void>;
}

/** Puts the product together around its database and the outside. Nothing listens and no run is advanced yet. */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const { log, outside, faults = noFaults } = options;
  const config = new ConfigSource(options.configFile);
  const pool = createPool({ connectionString: options.connectionString, max: 12, log });
  const closing: (() => Promise<void>)[] = [() => pool.end()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    await migrate(pool);
    const graph = await openGraph(pool, config.current().graph);
    closing.push(() => graph.close());
    const guardrails = await Guardrails.load();
    closing.push(() => guardrails.close());
    const decisions = await DecisionStore.open(pool, guardrails.rules());
    const gateway = await openGateway({ pool, guardrails, decisions, config, outside, faults, log });
    closing.push(() => gateway.close());
    const services: ChangeServices = {
      installation: await installationId(pool, () => newId('ins')),
      config,
      personas: loadPersonas(PERSONAS_FOLDER),
      catalog: TemplateCatalog.load(TEMPLATES_FOLDER),
      terraformTemplates: TerraformTemplates.load(TERRAFORM_TEMPLATES_FOLDER),
      guardrails,
      decisions,
      graph: graph.store,
      runs: new RunStore(pool),
      locks: new LockStore(pool),
      subjects: new SubjectStore(pool),
      votes: new VoteStore(pool),
      seenRejects: new SeenRejectStore(pool),
      freezes: new FreezeStore(pool),
      breakGlass: new BreakGlassStore(pool),
      passkeys: new PasskeyStore(pool),
      gateway,
      sourceControl: sourceControls(outside, log),
      cluster: clusters(outside, log),
      terraform: terraformServices(pool, options.terraform, outside.github),
      fresh: (target) => freshPorts(pool, config, guardrails, target),
      botIds: [outside.github.authorBotId, outside.github.releaseBotId],
      authorBotId: outside.github.authorBotId,
      toolVersions: outside.toolVersions,
      mustBeProtected: outside.github.mustBeProtected,
      poll: options.poll ?? POLL_TIMES,
      log,
    };
    const bellBackend = bellBackendOf(config.current().bell, options.connectionString);
    const bell = await openBell(bellBackend, log);
    closing.push(() => bell.close());
    const checks = {
      ...readiness(pool, services),
      ...(graph.check === null ? {} : { graph: graph.check }),
      ...(bellBackend.store === 'redis' ? { bell: () => bell.check() } : {}),
    };
    return { pool, config, services, graph, bell, bellBackend, checks, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the HTTP side works with. */
export function appOf(
  { pool, services, graph, bell, checks }: Parts,
  secrets: { readonly operatorToken: string; readonly webhookSecret: string },
): App {
  const metrics = new Metrics(services.runs);
  return {
    services,
    bell,
    sessions: new SessionStore(pool),
    operatorToken: secrets.operatorToken,
    rebuildGraph: graph.rebuild,
    webhookSecret: secrets.webhookSecret,
    checks,
    webFolder: webFolder(),
    deliveries: new WebhookDeliveries({ pool, runs: services.runs, bell, metrics, log: services.log }),
    metrics,
    journal: new JournalFollower(services.runs, services.log),
    log: services.log,
  };
}

function bellBackendOf(bell: InstallationConfig['bell'], connectionString: string): BellBackend {
  if (bell.store === 'postgres') return { store: 'postgres', connectionString };
  const { url, user, passwordFile } = bell.redis;
  const password = readSecretFile(passwordFile, 'bell.redis.passwordFile', 'the password of the Redis user');
  return { store: 'redis', redis: { url, password, ...(user === undefined ? {} : { user }) } };
}

async function migrate(pool: pg.Pool): Promise<void> {
  await migrateOrchestrator(pool);
  await migrateRuns(pool);
  await migrateApprovals(pool);
  await migrateGraph(pool);
  await migrateTerraform(pool);
  await runMigrations(pool, 'identity', identityMigrations);
  await migrateWebhooks(pool);
}

/** The one road to outside MCP servers; policy of phase `call` stands in it and cannot be left out. */
function openGateway(parts: {
  readonly pool: pg.Pool;
  readonly guardrails: Guardrails;
  readonly decisions: DecisionStore;
  readonly config: ConfigSource;
  readonly outside: OutsideWorld;
  readonly faults: FaultPoints;
  readonly log: Log;
}): Promise<McpGateway> {
  const { pool, outside, faults, log } = parts;
  const common = { deadlineMs: 20_000, maxResponseBytes: 8 * 1024 * 1024 };
  const github = loadPins('github');
  const kubernetes = loadPins('kubernetes');
  const servers: Record<string, ServerOptions> = {
    github: {
      ...common,
      transport: outside.github.authorServer,
      pinned: github,
      allow: [
        'create_branch',
        'push_files',
        'delete_file',
        'create_pull_request',
        'update_pull_request',
        'update_pull_request_branch',
        'add_issue_comment',
        // Of the review road alone: policy of phase call holds both to its step.
        'pull_request_review_write',
        'add_comment_to_pending_review',
      ],
      // The official schema offers more: nothing of ours ever approves.
      narrowed: {
        pull_request_review_write: {
          method: ['create', 'submit_pending', 'delete_pending'],
          event: [...REVIEW_EVENTS],
        },
        add_comment_to_pending_review: { subjectType: ['LINE'], side: ['RIGHT'] },
      },
    },
    kubernetes: {
      ...common,
      transport: outside.kubernetesServer,
      pinned: kubernetes,
      // Reads only: what changes the cluster on this road is Argo CD.
      allow: ['resources_get', 'resources_list', 'pods_list_in_namespace'],
    },
  };
  return McpGateway.connect({
    servers,
    interceptors: [
      {
        name: 'policy',
        before: async (call) => {
          const { server, tool, args, target, run, approved, step } = call;
          const at = { run, round: null, step };
          const input = { server, tool, arguments: args, target, run, step, approved };
          const decision = await judge(parts, 'call', input, at);
          if (decision.allow) return;
          const first = decision.findings[0];
          throw new PlanwardenError(
            'POLICY_DENIED',
            `policy denied the call ${server}.${tool} (decision ${decision.id})`,
            {
              ...(first ? { where: { rule: first.rule } } : {}),
              remedy: first?.remedy ?? 'See explain_decision.',
            },
          );
        },
      },
    ],
    redact: redactJson,
    journal: callJournal(pool),
    assertApproval: () => {
      throw new PlanwardenError('NOT_SUPPORTED', 'direct writes to a cluster are not supported yet', {
        remedy: 'Use a target with delivery gitops.',
      });
    },
    faults,
    log,
  });
}

function sourceControls(outside: OutsideWorld, log: Log): (target: Target) => SourceControl {
  const known = new Map<string, SourceControl>();
  return ({ repository }) => {
    const name = `${repository.owner}/${repository.name}`;
    const found = known.get(name);
    if (found) return found;
    const { apiUrl, release, releaseBotId } = outside.github;
    const made = createSourceControl({ baseUrl: apiUrl, credential: release, repository, releaseBotId, log });
    known.set(name, made);
    return made;
  };
}

function clusters(outside: OutsideWorld, log: Log): (name: string) => ClusterClient {
  const known = new Map<string, ClusterClient>();
  return (name) => {
    const found = known.get(name);
    if (found) return found;
    const kubeconfigs = outside.clusters[name];
    if (!kubeconfigs) {
      throw new PlanwardenError('CONFIG_INVALID', `no cluster ${name} is connected`, {
        where: { field: 'cluster' },
        remedy: `Name one of: ${Object.keys(outside.clusters).join(', ')}.`,
      });
    }
    const made = createClusterClient({ name, ...kubeconfigs, log });
    known.set(name, made);
    return made;
  };
}

function freshPorts(pool: pg.Pool, config: ConfigSource, guardrails: Guardrails, target: string): FreshPorts {
  return {
    now: async () => {
      const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
      return rows[0]?.now ?? new Date(Number.NaN);
    },
    peopleDigest: async () => {
      // The last look before anything is released: a run under way stops here too.
      config.assertWritable();
      return peopleDigest(config.people());
    },
    policyBundleDigest: async () => guardrails.bundleDigest,
    targetConfigurationDigest: async () => targetConfigurationDigest(config.target(target)),
    freeze: async (digest) => {
      const freeze = await new FreezeStore(pool).stopping(config.target(target).environment);
      return freeze !== null && (await new BreakGlassStore(pool).running(digest)) !== null ? null : freeze;
    },
  };
}

function readiness(pool: pg.Pool, services: ChangeServices): App['checks'] {
  return {
    database: async () => {
      await pool.query('SELECT 1');
    },
    configuration: async () => {
      services.config.current();
    },
    policy: async () => {
      const said = await services.guardrails.evaluate('intake', {} as never, { run: null, round: null, step: null });
      // An empty input must be found incomplete; anything else means that policy cannot be asked.
      if (!said.findings.some((finding) => finding.rule === 'input-incomplete')) throw new Error('policy');
    },
    github: async () => {
      for (const target of services.config.current().targets) await services.sourceControl(target).repository();
    },
  };
}

import { type Log, type ObjectRef, PlanwardenError, silentLog } from '@planwarden/contracts';
import { ApiConnection } from './api-connection.js';
import { answerInvalid, failureOf, namespaceMissing } from './cluster-failure.js';
import { apiVersionOf, KindCatalog, type KindRef, pathStep, type ServedKind } from './kind-catalog.js';
import { type KindListing, type ListQuery, listKinds } from './kind-listing.js';
import { asLiveObject, isRecord, type LiveObject } from './live-object.js';

export interface ClusterClientOptions {
  /** Name of the cluster as planwarden.yaml calls it. */
  readonly name: string;
  /** Kubeconfig (YAML) of a credential that may only read. */
  readonly read: string;
  /** Kubeconfig (YAML) of a credential that may patch, held to dry runs by the cluster's admission. */
  readonly dryRun: string;
  /** Deadline of one request, 10 s unless told. */
  readonly timeoutMs?: number;
  readonly log?: Log;
}

/**
 * What Planwarden reads of a cluster, and tries on it; it never writes. All errors are PlanwardenErrors:
 * OUTSIDE_UNAVAILABLE (retryable), OUTSIDE_REFUSED and OUTSIDE_ANSWER_INVALID (final), RESOURCE_UNKNOWN for a kind the
 * cluster does not serve, MANIFEST_INVALID for an object it does not accept.
 */
export interface ClusterClient {
  readonly name: string;
  /** The live object as the API answers it (values of Secrets in clear), or null when there is none. */
  get(ref: ObjectRef): Promise<LiveObject | null>;
  /** All pages. */
  list(query: ListQuery): Promise<LiveObject[]>;
  /**
   * What would stand after a forced server-side apply, made with dryRun=All and the dry-run credential.
   * @throws PlanwardenError RESOURCE_UNKNOWN (see isNamespaceMissing) when the object's namespace is not there
   */
  dryRunApply(object: Readonly<Record<string, unknown>>, options: { fieldManager: string }): Promise<LiveObject>;
  /** Objects of several kinds with what could not be read. `namespaces`: names, or prefixes ending in `*`. */
  listKinds(kinds: readonly KindRef[], namespaces: readonly string[]): Promise<KindListing>;
}

const PAGE = '500';

/** @throws PlanwardenError CONFIG_INVALID when a kubeconfig is not usable */
export function createClusterClient(options: ClusterClientOptions): ClusterClient {
  return new KubernetesClusterClient(options);
}

class KubernetesClusterClient implements ClusterClient {
  readonly name: string;
  private readonly reader: ApiConnection;
  private readonly tryer: ApiConnection;
  private readonly catalog: KindCatalog;

  constructor(options: ClusterClientOptions) {
    const { name, timeoutMs = 10_000, log = silentLog } = options;
    this.name = name;
    this.reader = new ApiConnection({ cluster: name, kubeconfig: options.read, timeoutMs, log });
    this.tryer = new ApiConnection({ cluster: name, kubeconfig: options.dryRun, timeoutMs, log });
    this.catalog = new KindCatalog(name, this.reader);
  }

  async get(ref: ObjectRef): Promise<LiveObject | null> {
    const served = await this.catalog.find(ref);
    const { code, body } = await this.reader.get(this.pathOf(ref, served));
    if (code === 404) return null;
    if (code !== 200) throw failureOf(this.name, code, body);
    return this.checked(body, ref);
  }

  async list(query: ListQuery): Promise<LiveObject[]> {
    const served = await this.catalog.find(query);
    const path = this.catalog.collection(query, served, query.namespace ?? null);
    const selector = query.labelSelector === undefined ? {} : { labelSelector: query.labelSelector };
    const objects: LiveObject[] = [];
    let token = '';
    do {
      const { code, body } = await this.reader.get(path, {
        limit: PAGE,
        ...selector,
        ...(token === '' ? {} : { continue: token }),
      });
      // 410: the list was asked too slowly and would go on from a state that is gone.
      if (code === 410) throw failureOf(this.name, 503, undefined);
      if (code !== 200) throw failureOf(this.name, code, body);
      if (!isRecord(body) || !Array.isArray(body.items)) throw answerInvalid(this.name);
      const known = { apiVersion: apiVersionOf(query), kind: query.kind };
      objects.push(...body.items.map((item) => asLiveObject(item, known)));
      const next = isRecord(body.metadata) ? body.metadata.continue : undefined;
      token = typeof next === 'string' ? next : '';
    } while (token !== '');
    return objects;
  }

  async dryRunApply(
    object: Readonly<Record<string, unknown>>,
    { fieldManager }: { fieldManager: string },
  ): Promise<LiveObject> {
    const ref = refOf(object);
    const served = await this.catalog.find(ref);
    const { code, body } = await this.tryer.dryRunApply(this.pathOf(ref, served), fieldManager, object);
    if (code === 404) throw namespaceMissing(this.name);
    if (code !== 200 && code !== 201) throw failureOf(this.name, code, body);
    return this.checked(body, ref);
  }

  listKinds(kinds: readonly KindRef[], namespaces: readonly string[]): Promise<KindListing> {
    return listKinds(this.name, this.catalog, (query) => this.list(query), kinds, namespaces);
  }

  private pathOf(ref: ObjectRef, served: ServedKind): string {
    if (served.namespaced !== (ref.namespace !== null))
      throw new PlanwardenError(
        'MANIFEST_INVALID',
        served.namespaced ? 'An object of this kind needs a namespace.' : 'An object of this kind has no namespace.',
        { where: { field: 'metadata.namespace' }, remedy: 'Mend metadata.namespace.' },
      );
    return `${this.catalog.collection(ref, served, ref.namespace)}/${pathStep(ref.name, 'metadata.name')}`;
  }

  /** The answer, held to be the object that was asked about. */
  private checked(body: unknown, ref: ObjectRef): LiveObject {
    const object = asLiveObject(body);
    const isAsked =
      object.apiVersion === apiVersionOf(ref) &&
      object.kind === ref.kind &&
      object.metadata.name === ref.name &&
      (object.metadata.namespace ?? null) === ref.namespace;
    if (!isAsked) throw answerInvalid(this.name);
    return object;
  }
}

/** Which object a manifest describes. @throws PlanwardenError MANIFEST_INVALID */
export function refOf(object: Readonly<Record<string, unknown>>): ObjectRef {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = isRecord(metadata) ? metadata : {};
  const wrong = [
    ['apiVersion', apiVersion],
    ['kind', kind],
    ['metadata.name', name],
  ].find(([, value]) => typeof value !== 'string' || value === '');
  if (wrong !== undefined || (namespace !== undefined && typeof namespace !== 'string')) {
    const field = String(wrong?.[0] ?? 'metadata.namespace');
    throw new PlanwardenError('MANIFEST_INVALID', `The object does not say ${field}.`, {
      where: { field },
      remedy: `Give ${field} as text.`,
    });
  }
  const [version = '', group = ''] = String(apiVersion).split('/').reverse();
  return { group, version, kind: String(kind), namespace: namespace ?? null, name: String(name) };
}

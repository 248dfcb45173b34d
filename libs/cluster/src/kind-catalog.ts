import { PlanwardenError } from '@planwarden/contracts';
import { type ApiConnection } from './api-connection.js';
import { answerInvalid, failureOf, kindUnknown } from './cluster-failure.js';
import { isRecord } from './live-object.js';

/** A kind as manifests name it. The core group is the empty text. */
export interface KindRef {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface ServedKind {
  readonly plural: string;
  readonly namespaced: boolean;
}

export const apiVersionOf = ({ group, version }: Pick<KindRef, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`;

const rootOf = (kind: KindRef): string => (kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`);

const GROUP = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$/;
const VERSION = /^v[a-z0-9]+$/;

/** A name as a step of a path. @throws PlanwardenError MANIFEST_INVALID for names that would lead elsewhere */
export function pathStep(name: string, field: string): string {
  if (name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name)) return encodeURIComponent(name);
  throw new PlanwardenError('MANIFEST_INVALID', `The object's ${field} is no name Kubernetes allows.`, {
    where: { field },
    remedy: `Mend ${field}.`,
  });
}

/** Which kinds the cluster serves and under which path, asked once a group and version and again for a kind it lacks. */
export class KindCatalog {
  private readonly known = new Map<string, ReadonlyMap<string, ServedKind>>();

  constructor(
    private readonly cluster: string,
    private readonly connection: ApiConnection,
  ) {}

  /** @throws PlanwardenError RESOURCE_UNKNOWN when the cluster does not serve the kind */
  async find(kind: KindRef): Promise<ServedKind> {
    if (!GROUP.test(kind.group) || !VERSION.test(kind.version)) throw kindUnknown(this.cluster);
    const root = rootOf(kind);
    const found = this.known.get(root)?.get(kind.kind) ?? (await this.ask(root)).get(kind.kind);
    if (found === undefined) throw kindUnknown(this.cluster);
    return found;
  }

  /** Path of all objects of a kind, or of those in a namespace. */
  collection(kind: KindRef, served: ServedKind, namespace: string | null): string {
    const place =
      served.namespaced && namespace !== null ? `/namespaces/${pathStep(namespace, 'metadata.namespace')}` : '';
    return `${rootOf(kind)}${place}/${served.plural}`;
  }

  private async ask(root: string): Promise<ReadonlyMap<string, ServedKind>> {
    const { code, body } = await this.connection.get(root);
    if (code === 404) return new Map();
    if (code !== 200) throw failureOf(this.cluster, code, body);
    if (!isRecord(body) || !Array.isArray(body.resources)) throw answerInvalid(this.cluster);
    const kinds = new Map<string, ServedKind>();
    for (const entry of body.resources) {
      if (!isRecord(entry) || typeof entry.name !== 'string' || typeof entry.kind !== 'string') continue;
      // `deployments/scale` and the like are views of another kind.
      if (!/^[a-z0-9.-]+$/.test(entry.name)) continue;
      kinds.set(entry.kind, { plural: entry.name, namespaced: entry.namespaced === true });
    }
    this.known.set(root, kinds);
    return kinds;
  }
}

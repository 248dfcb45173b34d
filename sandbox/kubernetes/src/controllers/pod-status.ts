import { createHash } from 'node:crypto';
import { at, type Json, list, text } from '../json.js';
import { type KubeObject, kubeTime } from '../objects.js';

const tagOf = (image: string): string => {
  const plain = image.split('@')[0] ?? '';
  return plain.slice(plain.lastIndexOf('/') + 1).split(':')[1] ?? '';
};

/** `docker.io/library/nginx@sha256:...`: the digest the image names, or one made from its name. */
function imageId(image: string): string {
  const [name = '', digest] = image.split('@');
  const colon = name.lastIndexOf(':');
  const bare = colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
  const first = bare.split('/')[0] ?? '';
  const hosted = bare.includes('/') && /[.:]|^localhost$/.test(first);
  const full = hosted ? bare : `docker.io/${bare.includes('/') ? bare : `library/${bare}`}`;
  return `${full}@${digest ?? `sha256:${createHash('sha256').update(image).digest('hex')}`}`;
}

/** The fate of an image, by its tag: `missing…` cannot be pulled, `crash…` ends at once. */
export const fateOf = (image: string): 'runs' | 'missing' | 'crash' =>
  tagOf(image).startsWith('missing') ? 'missing' : tagOf(image).startsWith('crash') ? 'crash' : 'runs';

function containerStatus(container: unknown, now: string): Json {
  const image = text(at(container, 'image')) ?? '';
  const fate = fateOf(image);
  const digest = createHash('sha256').update(`${image}${now}`).digest('hex');
  const states: Record<typeof fate, Json> = {
    runs: { running: { startedAt: now } },
    missing: { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` } },
    crash: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
  };
  return {
    name: at(container, 'name'),
    image,
    imageID: fate === 'missing' ? '' : imageId(image),
    ...(fate === 'missing' ? {} : { containerID: `containerd://${digest}` }),
    ready: fate === 'runs',
    started: fate === 'runs',
    restartCount: fate === 'crash' ? 3 : 0,
    state: states[fate],
  };
}

export const isReady = (pod: KubeObject): boolean =>
  list(at(pod, 'status', 'conditions')).some(
    (condition) => at(condition, 'type') === 'Ready' && at(condition, 'status') === 'True',
  );

/** What a kubelet would report for a pod. */
export function podStatus(pod: KubeObject, address: string): Json {
  const now = kubeTime();
  const containerStatuses = list(at(pod, 'spec', 'containers')).map((container) => containerStatus(container, now));
  const ready = containerStatuses.every((status) => status.ready === true);
  const allPulled = containerStatuses.every((status) => status.imageID !== '');
  const condition = (type: string, isTrue: boolean): Json => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastTransitionTime: now,
    ...(isTrue ? {} : { reason: 'ContainersNotReady' }),
  });
  return {
    phase: allPulled ? 'Running' : 'Pending',
    conditions: [
      condition('Initialized', true),
      condition('Ready', ready),
      condition('ContainersReady', ready),
      condition('PodScheduled', true),
    ],
    containerStatuses,
    hostIP: '10.0.0.1',
    hostIPs: [{ ip: '10.0.0.1' }],
    podIP: address,
    podIPs: [{ ip: address }],
    qosClass: 'Burstable',
    startTime: now,
  };
}

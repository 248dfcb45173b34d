export type { SeenRequest } from './api/api-server.js';
export type { Permission, SandboxToken } from './api/authorizer.js';
export type { RolloutPods } from './controllers/replica-set.controller.js';
export type { KubeObject, KubeRef, ObjectMeta } from './objects.js';
export {
  type SandboxControl,
  type SandboxKubernetes,
  type SandboxKubernetesOptions,
  startSandboxKubernetes,
} from './sandbox-kubernetes.js';

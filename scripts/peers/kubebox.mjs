// A real Kubernetes API server with etcd and the controller manager in one process (and a kubelet's and scheduler's
// stand-in, so that pods run), built by Go at one version.
import { goBuild } from './go-build.mjs';

export const KUBERNETES_VERSION = '1.36.3';

/**
 * Path of the kubebox binary; built when it is not there yet.
 * @throws Error in one line when Go is missing or the build fails
 */
export function ensureKubebox() {
  const at = 'k8s.io/component-base/version';
  const version = [
    `-X ${at}.gitVersion=v${KUBERNETES_VERSION}`,
    `-X ${at}.gitMajor=1`,
    `-X ${at}.gitMinor=${KUBERNETES_VERSION.split('.')[1]}`,
    `-X ${at}.gitTreeState=clean`,
    `-X ${at}.gitCommit=module`,
  ];
  return goBuild({
    name: 'kubebox',
    version: KUBERNETES_VERSION,
    ldflags: version.join(' '),
    takes: 'four to eleven minutes, once',
  });
}

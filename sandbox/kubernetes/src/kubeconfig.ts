import { stringify } from 'yaml';

/** A kubeconfig with everything inline: some clients do not resolve relative file names. */
export function kubeconfigYaml(server: string, user: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    // Plain http on loopback: without this the Node client refuses a server that has no TLS.
    clusters: [{ name: 'sandbox', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user } }],
    'current-context': 'sandbox',
  });
}

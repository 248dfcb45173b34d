import { stringify } from 'yaml';

/**
 * A kubeconfig with everything inline: some clients do not resolve relative file names.
 * @param authority PEM certificate that vouches for the server; undefined for plain http
 */
export function kubeconfigYaml(server: string, user: string, token: string, authority: string | undefined): string {
  const trust =
    authority === undefined
      ? // Plain http on loopback: without this the Node client refuses a server that has no TLS.
        { 'insecure-skip-tls-verify': true }
      : { 'certificate-authority-data': Buffer.from(authority).toString('base64') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster: { server, ...trust } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user } }],
    'current-context': 'sandbox',
  });
}

// Terraform's Kubernetes provider, built by Go at one version and laid out as a mirror of provider packages.
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { goBuild, peerCache } from './go-build.mjs';

/** The newest one whose module alone can be had; resources without `_v1` in their names. */
export const TERRAFORM_KUBERNETES_VERSION = '1.13.4';

/** Hosts under which terraform and tofu look for a provider that names none. */
const HOSTS = ['registry.terraform.io', 'registry.opentofu.org'];

/**
 * Path of a folder with the provider, as `provider_installation { filesystem_mirror }` wants it. Built when it is not
 * there yet.
 * @throws Error in one line when Go is missing or the build fails
 */
export function ensureKubernetesProvider() {
  const binary = goBuild({
    name: 'terraform-kubernetes',
    version: TERRAFORM_KUBERNETES_VERSION,
    target: 'github.com/hashicorp/terraform-provider-kubernetes',
    takes: 'two minutes, once',
  });
  const mirror = peerCache('mirror', basename(binary));
  const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  for (const host of HOSTS) {
    const folder = join(mirror, host, 'hashicorp', 'kubernetes', TERRAFORM_KUBERNETES_VERSION, platform);
    const file = join(folder, `terraform-provider-kubernetes_v${TERRAFORM_KUBERNETES_VERSION}_x5`);
    if (existsSync(file)) continue;
    mkdirSync(folder, { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    copyFileSync(binary, unfinished);
    renameSync(unfinished, file);
  }
  return mirror;
}

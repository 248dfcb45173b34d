// Terraform's Kubernetes provider, built by Go at one version and laid out as a mirror of provider packages.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { goBuild, peerCache } from './go-build.mjs';
import { ensureOpenTofu, findTerraform } from './terraform.mjs';

/** The newest one whose module alone can be had; resources without `_v1` in their names. */
export const TERRAFORM_KUBERNETES_VERSION = '1.13.4';

const REQUIREMENT = `terraform {
  required_providers {
    kubernetes = { source = "hashicorp/kubernetes" }
  }
}
`;

/** The host under which a binary looks for a provider whose source names none: each has its own, and says it. */
function defaultHost(binary) {
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-host-'));
  try {
    writeFileSync(join(folder, 'main.tf'), REQUIREMENT);
    const { stdout } = spawnSync(binary, ['providers'], { cwd: folder, encoding: 'utf8' });
    const host = /provider\[([^/\]]+)\/hashicorp\/kubernetes\]/.exec(stdout ?? '')?.[1];
    if (host === undefined) throw new Error(`${binary} does not say where it looks for providers`);
    return host;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

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
  for (const host of [findTerraform(), ensureOpenTofu()].filter(Boolean).map(defaultHost)) {
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

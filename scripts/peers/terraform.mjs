// Terraform where it is installed, and OpenTofu, built by Go at one version where it is not.
import { spawnSync } from 'node:child_process';
import { goBuild } from './go-build.mjs';

export const OPENTOFU_VERSION = '1.12.6';

/** Path of a command on PATH, or undefined. */
function installed(command) {
  const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$0"', command], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Path of terraform, or undefined: it cannot be built from its module alone (see test/peers/known-missing.json). */
export function findTerraform() {
  return installed('terraform');
}

/** Path of tofu. @throws Error in one line when it is not there and cannot be built */
export function ensureOpenTofu() {
  return (
    installed('tofu') ??
    goBuild({
      name: 'opentofu',
      version: OPENTOFU_VERSION,
      target: 'github.com/opentofu/opentofu/cmd/tofu',
      ldflags: `-X github.com/opentofu/opentofu/version.dev=no`,
      takes: 'a few minutes, once',
    })
  );
}

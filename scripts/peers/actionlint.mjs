// actionlint, built by Go at one version and kept in the user's cache folder.
import { goBuild } from './go-build.mjs';

export const ACTIONLINT_VERSION = '1.7.7';

/** Path of actionlint. @throws Error in one line when it cannot be built */
export function ensureActionlint() {
  return goBuild({
    name: 'actionlint',
    version: ACTIONLINT_VERSION,
    target: 'github.com/rhysd/actionlint/cmd/actionlint',
    takes: 'a few seconds',
  });
}

/**
 * What each of the two GitHub Apps is allowed, and no more: the one table from which the sandbox is seeded. The manifests
 * in deploy/github/apps say the same; a test compares them, takes each permission away, and finds none unused.
 */
export const APP_PERMISSIONS = {
  /** Branches, files, draft pull requests: in the GitHub MCP server. Votes, checks and merges are beyond it. */
  author: { contents: 'write', metadata: 'read', pull_requests: 'write' },
  /** Evidence, check run, text, and what an Approval releases. `actions` only where a target plans or applies there. */
  release: {
    actions: 'write',
    administration: 'read',
    checks: 'write',
    contents: 'write',
    metadata: 'read',
    pull_requests: 'write',
  },
} as const;

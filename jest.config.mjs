// Tests run on the TypeScript sources: swc strips types, the `source` export condition finds them.
const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true, tsx: true },
      transform: { legacyDecorator: true, decoratorMetadata: false },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

const base = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // These packages of the MCP client have a `source` condition of their own, for their authors' tools.
    '^eventsource$': '<rootDir>/node_modules/eventsource/dist/index.js',
    '^eventsource-parser$': '<rootDir>/node_modules/eventsource-parser/dist/index.js',
    '^eventsource-parser/stream$': '<rootDir>/node_modules/eventsource-parser/dist/stream.js',
  },
  testSequencer: '<rootDir>/test/longest-first.cjs',
  transform: { '^.+\\.tsx?$': swc },
  modulePathIgnorePatterns: ['/dist/'],
};

/** `PLANWARDEN_TESTS=peers` selects the tests against the real counterparts, else all that need only npm. */
const peers = process.env.PLANWARDEN_TESTS === 'peers';

/** @type {import('jest').Config} */
const config = {
  ...base,
  rootDir: '.',
  roots: peers
    ? ['<rootDir>/test/peers']
    : ['<rootDir>/libs', '<rootDir>/servers', '<rootDir>/sandbox', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts', '**/*.spec.tsx'],
  testPathIgnorePatterns: peers ? ['/node_modules/'] : ['/node_modules/', '/test/peers/'],
  // A bound for what hangs, not a measure: the machines are shared.
  testTimeout: 300_000,
  // Of two cores one would often stand idle: files wait for processes, timers and each other.
  maxWorkers: peers ? 1 : 3,
};

export { config as default };

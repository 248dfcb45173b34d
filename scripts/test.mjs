// npm test [-- <pattern>]: all tests that need only npm.
import { ensureNode, ensurePackages } from './lib/ensure.mjs';
import { close, runJest } from './lib/jest.mjs';

ensureNode();
ensurePackages();
close(runJest({ suite: 'npm', args: process.argv.slice(2) }));

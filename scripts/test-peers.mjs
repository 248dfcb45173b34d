// npm run test:peers: the tests against the real counterparts. Each one that cannot be had is a red line.
import { ensureNode, ensurePackages } from './lib/ensure.mjs';
import { close, runJest } from './lib/jest.mjs';

ensureNode();
ensurePackages();
close(runJest({ suite: 'peers', args: process.argv.slice(2) }));

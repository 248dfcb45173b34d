// npm run build: compiles every package into its dist folder.
import { bin, ensureNode, ensurePackages, run } from './lib/ensure.mjs';

ensureNode();
ensurePackages();
run(bin('tsc'), ['-b']);

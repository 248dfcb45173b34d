// npm run build: compiles every package into its dist folder, and the pages.
import { build } from './lib/build.mjs';
import { ensureNode, ensurePackages } from './lib/ensure.mjs';

ensureNode();
ensurePackages();
build();

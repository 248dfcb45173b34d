// One process of its own for each guard: its sources are loaded with that guard cut out (see load/hooks.mjs).
import { ATTACKS } from './approval/index.js';
import { tryUntilGained } from './trial.js';

const guard = process.argv.find((one) => one.startsWith('--guard='))?.slice('--guard='.length);
const trials = await tryUntilGained(ATTACKS.filter((attack) => attack.guard === guard));
process.stdout.write(`${JSON.stringify(trials)}\n`, () => process.exit(0));

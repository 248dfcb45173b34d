// An installation that was stopped, started again by another release (see other-policy.ts): the last vote, and what came of it.
import { Stage } from './stage.js';

const option = (name: string): string =>
  process.argv.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';

const stage = await Stage.open({ isGuardOff: process.argv.includes('--off'), given: option('folder') });
const seen = await stage.found(option('run'));
await stage.vote('third', seen);
const tried = await stage.outcome(seen.run.id, 'POLICY_CHANGED');
await stage.close().catch(() => undefined);
process.stdout.write(`${JSON.stringify(tried)}\n`, () => process.exit(0));

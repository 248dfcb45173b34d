// npm run demo: the story of one change on a throw-away installation. `-- --exit` lets the reviewer approve at the
// sandbox GitHub's REST and ends with one JSON line; without it you press Approve yourself.
import { parseArgs } from 'node:util';
import { build } from './lib/build.mjs';
import { ensureNode, ensurePackages } from './lib/ensure.mjs';

const { values } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    /** Tells the story on an installation that runs already: its data folder. */
    attach: { type: 'string' },
    /** Nobody approves: the story stops there. */
    'withhold-approval': { type: 'boolean', default: false },
  },
});
ensureNode();
ensurePackages();
if (values.attach === undefined) build();

const { attach, startFresh } = await import('../demo/world.mjs');
const { tell } = await import('../demo/story.mjs');
const started = performance.now();
const world = values.attach === undefined ? await startFresh() : await attach(values.attach);
let code = 1;
let isStopping = false;
const stop = async () => {
  if (isStopping) return;
  isStopping = true;
  await world.stop();
  process.exit(code);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop());
// Nobody listens any more (a closed terminal, `| head`): what was started ends with the story.
process.stdout.on('error', () => void stop());
try {
  const approve = values['withhold-approval'] ? 'withhold' : values.exit ? 'review' : 'click';
  const ended = await tell(world, { approve });
  code = ended.state === 'applied' ? 0 : 1;
  if (!values.exit && approve === 'click') {
    process.stdout.write(`\nLook around: ${world.url}\nA link that signs you in: ${world.signIn('owner')}\n`);
    process.stdout.write('Ctrl-C stops everything.\n');
    await new Promise(() => undefined);
  }
  process.stdout.write(`\n${JSON.stringify({ ...ended, ms: Math.round(performance.now() - started) })}\n`);
} catch (error) {
  process.stderr.write(`\nThe demo stopped: ${error instanceof Error ? error.message : 'unknown'}\n`);
}
await stop();

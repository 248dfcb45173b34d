import { noteOf, type RunSeen, type Stage } from '../stage.js';

/** A run in its second round, because somebody pushed a note to its branch. */
export async function secondRound(stage: Stage): Promise<{ readonly first: RunSeen; readonly second: RunSeen }> {
  const first = await stage.fresh();
  await stage.push('mallory', first.pullRequest?.branch ?? '', { [noteOf(first)]: `# ${first.run.id}\n` });
  return { first, second: await stage.round(first.run.id, 2) };
}

import { type EndState, type ErrorBody, isPlanwardenError } from '@planwarden/contracts';
import { requireOk } from '@planwarden/mcp-client';
import type { StepContext, Telling } from '@planwarden/runs';
import type { SourceControl } from '@planwarden/source-control';
import { pullRequestRecord } from './change.records.js';
import type { ChangeServices } from './change.services.js';

/** Ends after which the pull request has no more use. After a merge, or when a person closed it, it is left alone. */
const CLOSING: readonly EndState[] = ['policy_failed', 'discarded', 'canceled', 'expired', 'errored'];

const COMMENT = 'why-it-ended';
const CLOSE = 'close';

/** Their rows in docs/durability.md. */
export const CLOSING_TELLINGS: readonly Telling[] = [
  {
    name: COMMENT,
    race: {
      key: 'first line of the comment: run and end',
      guard: 'none: GitHub takes any number of comments',
      asks: 'comments of our author account that begin with that line, all pages',
      leaves: 'one comment: whoever finds a second after its own removes all but the one with the lowest id',
    },
  },
  {
    name: CLOSE,
    race: {
      key: 'pull request of the run',
      guard: 'none: closed is a state',
      asks: 'whether it is open',
      leaves: 'a closed pull request',
    },
  },
];

/**
 * Says on the pull request why the run ended, and closes it. Safe to repeat: a closed one is not touched, what a worker
 * that died had said is not said again, and of what two workers said one is left.
 */
export async function closePullRequest(
  services: ChangeServices,
  context: Omit<StepContext, 'effect'>,
  end: { readonly state: EndState; readonly error: ErrorBody | null },
): Promise<void> {
  const pull = CLOSING.includes(end.state)
    ? await context.outputIfAny('open-pull-request', pullRequestRecord)
    : undefined;
  if (pull === undefined) return;
  const target = services.config.target(context.run.target);
  const github = services.sourceControl(target);
  if ((await github.pullRequest(pull.number)).state !== 'open') return;
  const { owner, name: repo } = target.repository;
  const call = async (tool: string, args: Readonly<Record<string, unknown>>): Promise<void> => {
    const answer = await services.gateway.call({
      server: 'github',
      tool,
      args: { owner, repo, ...args },
      run: context.run.id,
      step: context.run.step ?? 'end',
      target,
      signal: context.signal,
    });
    requireOk(answer, tool.replaceAll('_', ' '));
  };
  const first = firstLine(context.run.id, end);
  const doubles = () => doublesOf(services, github, pull.number, first);
  const { isSaid, later } = await doubles();
  if (!isSaid || later.length > 0) {
    const body = wordsFor(first, end);
    // In one telling: a worker that lost the run while it spoke removes its own words all the same.
    await context.tell(COMMENT, async () => {
      if (!isSaid) await call('add_issue_comment', { issue_number: pull.number, body });
      await removeLater(github, context, isSaid ? later : (await doubles()).later);
    });
  }
  await context.tell(CLOSE, () => call('update_pull_request', { pullNumber: pull.number, state: 'closed' }));
}

/** Comments of ours with this first line: whether there is one, and the ids of those after the first. */
async function doublesOf(
  { authorBotId }: Pick<ChangeServices, 'authorBotId'>,
  github: Pick<SourceControl, 'comments'>,
  number: number,
  first: string,
): Promise<{ readonly isSaid: boolean; readonly later: readonly number[] }> {
  const ids = (await github.comments(number))
    .filter(({ user, body }) => user?.id === authorBotId && body.startsWith(first))
    .map(({ id }) => id);
  return { isSaid: ids.length > 0, later: ids.filter((id) => id > Math.min(...ids)) };
}

/** Words said twice are no reason to leave the pull request open: what cannot be removed is logged. */
async function removeLater(
  github: Pick<SourceControl, 'removeComment'>,
  { run, log }: Pick<StepContext, 'run' | 'log'>,
  ids: readonly number[],
): Promise<void> {
  try {
    for (const id of ids) await github.removeComment(id);
  } catch (error) {
    if (!isPlanwardenError(error)) throw error;
    log.warn({ run: run.id, code: error.code }, 'a second comment about the same end could not be removed');
  }
}

const firstLine = (run: string, { state }: { readonly state: EndState }): string =>
  `Planwarden run ${run} ended: ${state}.`;

function wordsFor(first: string, { error }: { readonly error: ErrorBody | null }): string {
  const findings = (error?.details ?? []).map((detail) => {
    const { rule, file, line } = detail.where ?? {};
    const place = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
    return `- ${rule ?? detail.code}${place}: ${detail.message}`;
  });
  // Indented: whatever a message quotes is shown, not rendered.
  const lines = [error ? `${error.code}: ${error.message}` : '', ...findings].filter((line) => line !== '');
  return [first, ...lines.map((line) => `    ${line.replaceAll('@', '@\u200b')}`)].join('\n\n');
}

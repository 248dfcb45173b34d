import type { EndState, ErrorBody } from '@planwarden/contracts';
import { requireOk } from '@planwarden/mcp-client';
import type { StepContext } from '@planwarden/runs';
import { pullRequestRecord } from './change.records.js';
import type { ChangeServices } from './change.services.js';

/** Ends after which the pull request has no more use. After a merge, or when a person closed it, it is left alone. */
const CLOSING: readonly EndState[] = ['policy_failed', 'discarded', 'canceled', 'expired', 'errored'];

/** Says on the pull request why the run ended, and closes it. Safe to repeat: a closed one is not touched. */
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
  if ((await services.sourceControl(target).pullRequest(pull.number)).state !== 'open') return;
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
  await call('add_issue_comment', { issue_number: pull.number, body: wordsFor(context.run.id, end) });
  await call('update_pull_request', { pullNumber: pull.number, state: 'closed' });
}

function wordsFor(
  run: string,
  { state, error }: { readonly state: EndState; readonly error: ErrorBody | null },
): string {
  const findings = (error?.details ?? []).map((detail) => {
    const { rule, file, line } = detail.where ?? {};
    const place = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
    return `- ${rule ?? detail.code}${place}: ${detail.message}`;
  });
  // Indented: whatever a message quotes is shown, not rendered.
  const lines = [error ? `${error.code}: ${error.message}` : '', ...findings].filter((line) => line !== '');
  return [
    `Planwarden run ${run} ended: ${state}.`,
    ...lines.map((line) => `    ${line.replaceAll('@', '@\u200b')}`),
  ].join('\n\n');
}

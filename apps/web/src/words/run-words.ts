import type { Requester, RunState, RunStep, RunSummary, StepView, WaitReason } from '@planwarden/contracts';

/** How a state is coloured; the label always says it too. */
export type Tone = 'idle' | 'active' | 'waiting' | 'good' | 'bad' | 'over';

interface StateWords {
  readonly label: string;
  readonly tone: Tone;
  /** What is going on, in one sentence. */
  readonly sentence: string;
}

export const STATE_WORDS: Readonly<Record<RunState, StateWords>> = {
  pending: { label: 'Pending', tone: 'idle', sentence: 'The request was taken in and starts in a moment.' },
  validating: {
    label: 'Validating',
    tone: 'active',
    sentence: 'Files are made and checked; nothing outside has changed.',
  },
  planning: { label: 'Planning', tone: 'active', sentence: 'The change is compared with what runs now.' },
  policy_checking: { label: 'Checking policy', tone: 'active', sentence: 'The rules judge the plan.' },
  awaiting_approval: { label: 'Awaiting approval', tone: 'waiting', sentence: 'People have to decide.' },
  confirmed: { label: 'Confirmed', tone: 'active', sentence: 'Everything was read again and is as approved.' },
  applying: { label: 'Applying', tone: 'active', sentence: 'The approved change is on its way.' },
  merging: { label: 'Merging', tone: 'active', sentence: 'Exactly the approved commit is being merged.' },
  verifying: {
    label: 'Verifying',
    tone: 'active',
    sentence: 'The cluster is read back until it shows what was approved.',
  },
  publishing: { label: 'Publishing', tone: 'active', sentence: 'The findings go to the pull request.' },
  applied: { label: 'Applied', tone: 'good', sentence: 'The change runs as approved.' },
  reviewed: { label: 'Reviewed', tone: 'good', sentence: 'The review is done; nothing was changed or approved.' },
  policy_failed: {
    label: 'Stopped by policy',
    tone: 'bad',
    sentence: 'A rule denied the change. Nothing was applied.',
  },
  discarded: { label: 'Discarded', tone: 'over', sentence: 'A person said no. Nothing was applied.' },
  canceled: { label: 'Canceled', tone: 'over', sentence: 'The run was canceled before anything was applied.' },
  expired: { label: 'Expired', tone: 'over', sentence: 'Nobody decided in time. Nothing was applied.' },
  superseded: {
    label: 'Superseded',
    tone: 'over',
    sentence: 'The pull request was changed or closed by somebody else.',
  },
  errored: {
    label: 'Errored',
    tone: 'bad',
    sentence: 'The run failed; nothing outside changed beyond branch and pull request.',
  },
  apply_failed: {
    label: 'Apply failed',
    tone: 'bad',
    sentence: 'Something outside may have changed: look before you ask again.',
  },
  verify_failed: {
    label: 'Not healthy',
    tone: 'bad',
    sentence: 'The change was applied, but the cluster does not show what was approved.',
  },
};

const WAIT_WORDS: Readonly<Record<WaitReason, string>> = {
  approval: 'Waiting for approval',
  lock: 'Waiting for another run to end',
  freeze: 'Waiting',
  outside_down: 'Waiting for a system outside that does not answer',
  applied_unmerged: 'Applied, but not merged yet',
  in_doubt: 'Something may have been released: waiting until it can be told',
  sync: 'Waiting for Argo CD to take over the merged commit',
  rollout: 'Waiting for the rollout',
  workflow: 'Waiting for GitHub Actions',
  pipeline_changed: 'Waiting for a release that knows its pipeline',
};

export const STEP_WORDS: Readonly<Record<RunStep, string>> = {
  'gather-context': 'Gather context',
  generate: 'Generate files',
  validate: 'Validate',
  'check-source': 'Check the source',
  'open-pull-request': 'Open pull request',
  plan: 'Plan',
  'check-plan': 'Check the plan',
  'publish-evidence': 'Publish evidence',
  'await-approval': 'Approval',
  confirm: 'Confirm',
  apply: 'Apply',
  merge: 'Merge',
  verify: 'Verify',
  'record-graph': 'Record in the graph',
  summarise: 'Summarise',
  'read-files': 'Read the files',
  'publish-review': 'Publish the review',
};

export const STEP_STATE_WORDS: Readonly<Record<StepView['state'], string>> = {
  waiting: 'not yet',
  running: 'running',
  parked: 'waiting',
  done: 'done',
  failed: 'failed',
  skipped: 'not reached',
};

/** What a run is doing or why it ended, as one or two sentences. */
export function sentenceOf(run: RunSummary): string {
  if (run.ended) {
    const ending = STATE_WORDS[run.state].sentence;
    return run.outcome === null ? ending : `${ending} ${sentence(run.outcome.message)}`;
  }
  if (run.wait !== null) {
    const why = WAIT_WORDS[run.wait.reason];
    return run.wait.message === '' ? `${why}.` : `${why}: ${sentence(run.wait.message, false)}`;
  }
  return STATE_WORDS[run.state].sentence;
}

/** Label and tone of a run; a wait that is not the ordinary approval shows as waiting. */
export function badgeOf(run: Pick<RunSummary, 'state' | 'wait' | 'ended'>): {
  readonly label: string;
  readonly tone: Tone;
} {
  const { label, tone } = STATE_WORDS[run.state];
  return { label, tone: !run.ended && run.wait !== null ? 'waiting' : tone };
}

/** What the live region says when a run moved on; null where there is nothing new to say. */
export function announcementOf(before: RunSummary | undefined, now: RunSummary): string | null {
  if (before === undefined || before.id !== now.id) return null;
  const isSame = before.state === now.state && before.round === now.round && before.wait?.reason === now.wait?.reason;
  if (isSame) return null;
  const round = before.round === now.round ? '' : ` Round ${now.round}.`;
  return `${STATE_WORDS[now.state].label}.${round} ${sentenceOf(now)}`;
}

/** Who asked: `agent:demo` for `owner` is "agent demo, for owner". */
export function requesterWords(requester: Requester): string {
  const [kind = '', ...rest] = requester.principal.split(':');
  const name = rest.join(':') || kind;
  const who = kind === 'agent' ? `agent ${name}` : name;
  return requester.onBehalfOf === null ? who : `${who}, for ${requester.onBehalfOf}`;
}

/** The first twelve characters of a digest or commit, as people compare them. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** The text as a sentence: a first capital (unless told otherwise) and a full stop. */
export function sentence(text: string, isStart = true): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const begun = isStart ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

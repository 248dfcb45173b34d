import { canonicalMergeState } from '../merge-rules.js';
import { pullFiles } from '../routes/pull-change.routes.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { PullRecord } from '../state-store.js';
import { type Html, html } from './html.js';

const stateOf = (pull: PullRecord): string =>
  pull.mergedAt ? 'Merged' : pull.state === 'closed' ? 'Closed' : pull.draft ? 'Draft' : 'Open';

export function pullList(core: SandboxCore): Html {
  const rows = core.allRepositories().flatMap((repo) =>
    [...repo.state.pulls].reverse().map(
      (pull) => html`<li><span class="badge">${stateOf(pull)}</span>
<a href="/ui/${repo.fullName}/pull/${pull.number}">${pull.title}</a>
<span class="quiet">${repo.fullName} #${pull.number} by ${core.identities.byId(pull.userId).login}</span></li>`,
    ),
  );
  const list = rows.length > 0 ? html`<ul class="plain">${rows}</ul>` : html`<p class="in">There are none yet.</p>`;
  return html`<h1>Pull requests</h1><div class="box">${list}</div>`;
}

function patchRows(patch: string | undefined): Html {
  if (!patch) return html`<p class="in quiet">Nothing to show: not text, or no changed line.</p>`;
  const kind = (line: string): string =>
    line.startsWith('@@') ? 'hunk' : line.startsWith('+') ? 'add' : line.startsWith('-') ? 'del' : '';
  return html`<pre>${patch.split('\n').map((line) => html`<span class="${kind(line)}">${line}</span>`)}</pre>`;
}

const WORDS: Record<string, string> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'requested changes on',
  COMMENTED: 'commented on',
  DISMISSED: 'reviewed (dismissed)',
};

function reviewForm(repo: RepositoryContext, pull: PullRecord): Html {
  return html`<h2 id="review">Your review</h2>
<form method="post" action="/ui/${repo.fullName}/pull/${pull.number}/review" class="box"><div class="in">
<input type="hidden" name="head" value="${pull.headSha}">
<p>Your review is of commit <code>${pull.headSha}</code>, the one shown on this page.</p>
<label for="body">Comment (needed to request changes)</label><textarea id="body" name="body" rows="4"></textarea>
<div class="row"><button class="go" name="event" value="APPROVE">Approve</button>
<button class="stop" name="event" value="REQUEST_CHANGES">Request changes</button></div></div></form>`;
}

/** Everything a reviewer looks at, and the form when `mayReview`. */
export async function pullPage(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  viewer: { mayReview: boolean; why: string },
): Promise<Html> {
  const login = (id: number): string => core.identities.byId(id).login;
  const merge = await canonicalMergeState(core, repo, pull);
  const files = await pullFiles(repo, pull);
  const checks = repo.state.checks.filter((check) => check.headSha === pull.headSha);
  const reviews = repo.state.reviews.filter((one) => one.pull === pull.number && one.state !== 'PENDING');
  const comments = repo.state.comments.filter((comment) => comment.issue === pull.number);
  const none = (what: string): Html => html`<p class="quiet">${what}</p>`;
  return html`<h1>${pull.title} <span class="quiet">#${pull.number}</span></h1>
<p><span class="badge">${stateOf(pull)}</span> ${login(pull.userId)} asks to merge <code>${pull.head}</code> into
<code>${pull.base}</code> of ${repo.fullName}. Head: <code>${pull.headSha}</code></p>
${pull.state === 'open' && html`<p><a href="#review">To the review</a></p><p>${merge.refusal ? `Not mergeable now: ${merge.refusal}` : 'GitHub would merge this now.'}</p>`}
<div class="box"><div class="in"><pre>${pull.body ?? 'No description.'}</pre></div></div>
<h2>Checks</h2>${
    checks.length === 0
      ? none('No checks on this commit.')
      : html`<ul class="plain box">${checks.map(
          (check) => html`<li><strong>${check.name}</strong>: ${check.conclusion ?? check.status}
${check.output.title && html`<br>${check.output.title}`}${check.output.summary && html`<pre>${check.output.summary}</pre>`}</li>`,
        )}</ul>`
  }
<h2>Reviews and comments</h2>${
    reviews.length + comments.length === 0
      ? none('Nobody has said anything yet.')
      : html`<ul class="plain box">${reviews.map(
          (
            one,
          ) => html`<li><strong>${login(one.userId)}</strong> ${WORDS[one.state] ?? one.state} <code>${one.commitId.slice(0, 12)}</code>
<span class="quiet">${one.submittedAt}</span>${one.commitId !== pull.headSha && html` <span class="badge">older commit</span>`}${one.body !== '' && html`<pre>${one.body}</pre>`}${repo.state.reviewComments
            .filter(({ review }) => review === one.id)
            .map((said) => html`<p><code>${said.path}:${said.line ?? 'file'}</code></p><pre>${said.body}</pre>`)}</li>`,
        )}${comments.map(
          (one) =>
            html`<li><strong>${login(one.userId)}</strong> <span class="quiet">${one.createdAt}</span><pre>${one.body}</pre></li>`,
        )}</ul>`
  }
<h2>Files changed (${files.length})</h2>${files.map(
    (file) =>
      html`<section class="box"><h3>${file.filename} <span class="quiet">${file.status}, +${file.additions} −${file.deletions}</span></h3>${patchRows(file.patch)}</section>`,
  )}
${viewer.mayReview ? reviewForm(repo, pull) : html`<p class="quiet" id="review">${viewer.why}</p>`}`;
}

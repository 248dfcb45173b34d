import { atGitHub, type Connection } from './github-connection.js';
import { blockDigest } from './pull-request-text.js';

/** One version of a text that people may edit. */
export interface ContentEdit {
  readonly editedAt: string;
  /** The whole text of that version; null: somebody took it out of the history. */
  readonly diff: string | null;
}

/** Versions that are asked for at once. */
export const EDITS_AT_ONCE = 100;

/**
 * Versions with the oldest first. GitHub does not say in which order it lists them: the times tell, and where all of them
 * are of one second, the end that reads as the text does now is the newest.
 */
export function oldestFirst(edits: readonly ContentEdit[], now: string): readonly ContentEdit[] {
  const [first, last] = [edits[0], edits.at(-1)];
  if (first === undefined || last === undefined) return edits;
  const apart = Date.parse(last.editedAt) - Date.parse(first.editedAt);
  const isOldestFirst = apart === 0 ? last.diff === now && first.diff !== now : apart > 0;
  return isOldestFirst ? edits : [...edits].reverse();
}

/**
 * Whether our block ever read otherwise, or was gone, since it was published. A block names run, round and subject, so the
 * first version that has it is the published one. What GitHub does not tell counts as otherwise.
 */
export function wasBlockOther(edits: readonly ContentEdit[], now: string, published: string): boolean {
  const blocks: readonly (string | null)[] = oldestFirst(edits, now).map(({ diff }) =>
    diff === null ? null : blockDigest(diff),
  );
  const since = blocks.indexOf(published);
  return since < 0 || blocks.slice(since).some((digest) => digest !== published);
}

interface EditPage {
  readonly nodes: readonly ContentEdit[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Every version that the text of a pull request had, in the order in which GitHub lists them. */
export function textEditReads({ octokit, repo }: Connection) {
  return {
    textEdits: (number: number): Promise<ContentEdit[]> =>
      atGitHub(`reading how the text of PR ${number} was edited`, async () => {
        const edits: ContentEdit[] = [];
        for (let after: string | null = null; ; ) {
          const page: EditPage = await editPage(after);
          edits.push(...page.nodes);
          if (!page.pageInfo.hasNextPage) return edits;
          after = page.pageInfo.endCursor;
        }

        async function editPage(from: string | null): Promise<EditPage> {
          const { repository } = await octokit.graphql<{
            repository: { pullRequest: { userContentEdits: EditPage | null } };
          }>(
            `query($owner: String!, $repo: String!, $number: Int!, $first: Int!, $after: String) {
               repository(owner: $owner, name: $repo) { pullRequest(number: $number) {
                 userContentEdits(first: $first, after: $after) {
                   nodes { editedAt diff } pageInfo { hasNextPage endCursor } } } } }`,
            { ...repo, number, first: EDITS_AT_ONCE, after: from },
          );
          return (
            repository.pullRequest.userContentEdits ?? { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } }
          );
        }
      }),
  };
}

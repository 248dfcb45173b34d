import type { Comment } from './comment-votes.js';
import { type ContentEdit, EDITS_AT_ONCE, oldestFirst } from './content-edits.js';
import { atGitHub, type Connection } from './github-connection.js';

/** GitHub takes at most so many ids in one question. */
const MOST_NODES = 100;

interface EditNode {
  readonly id: string;
  readonly lastEditedAt: string | null;
  readonly includesCreatedEdit: boolean;
  readonly userContentEdits: { readonly totalCount: number; readonly nodes: readonly ContentEdit[] } | null;
}

/** How a comment was edited, as far as GitHub tells. */
type Edits = Pick<Comment, 'isEdited' | 'original'>;

/**
 * Every comment of a PR, oldest first, all pages, each with what it was written as: a reject that somebody edits away was
 * given all the same. One that GitHub no longer tells about counts as edited.
 */
export function commentReads({ octokit, repo }: Connection) {
  const editsOf = async (comments: ReadonlyMap<string, string>): Promise<Map<string, Edits>> => {
    const found = new Map<string, Edits>();
    const ids = [...comments.keys()];
    for (let at = 0; at < ids.length; at += MOST_NODES) {
      const { nodes } = await octokit.graphql<{ nodes: readonly (EditNode | null)[] }>(
        `query($ids: [ID!]!, $first: Int!) { nodes(ids: $ids) { ... on IssueComment {
           id lastEditedAt includesCreatedEdit
           userContentEdits(first: $first) { totalCount nodes { editedAt diff } } } } }`,
        { ids: ids.slice(at, at + MOST_NODES), first: EDITS_AT_ONCE },
      );
      for (const node of nodes) if (node !== null) found.set(node.id, editsIn(node, comments.get(node.id) ?? ''));
    }
    return found;
  };
  return {
    comments: (number: number): Promise<Comment[]> =>
      atGitHub(`reading the comments of PR ${number}`, async () => {
        const all = await octokit.paginate(octokit.rest.issues.listComments, {
          ...repo,
          issue_number: number,
          per_page: 100,
        });
        const edits = await editsOf(new Map(all.map((one) => [one.node_id, one.body ?? ''])));
        return all.map((one) => ({
          id: one.id,
          body: one.body ?? '',
          createdAt: one.created_at,
          updatedAt: one.updated_at,
          user: one.user ? { id: one.user.id, type: one.user.type } : null,
          isByApp: (one.performed_via_github_app ?? null) !== null,
          ...(edits.get(one.node_id) ?? { isEdited: true, original: one.body ?? '' }),
        }));
      }),
  };
}

function editsIn({ lastEditedAt, includesCreatedEdit, userContentEdits }: EditNode, body: string): Edits {
  if (lastEditedAt === null && includesCreatedEdit === false) return { isEdited: false, original: body };
  const { totalCount = 0, nodes = [] } = userContentEdits ?? {};
  const isWhole = includesCreatedEdit && totalCount === nodes.length;
  return { isEdited: true, original: isWhole ? (oldestFirst(nodes, body)[0]?.diff ?? null) : null };
}

import { type Comment, commandOf } from './comment-votes.js';
import { atGitHub, type Connection } from './github-connection.js';

/** GitHub takes at most so many ids in one question. */
const MOST_NODES = 100;

interface EditNode {
  readonly id: string;
  readonly lastEditedAt: string | null;
  readonly includesCreatedEdit: boolean;
}

/**
 * Every comment of a PR, oldest first, all pages. Whether one was edited is asked for those alone that begin with a
 * command; one that GitHub no longer tells about counts as edited.
 */
export function commentReads({ octokit, repo }: Connection) {
  const edited = async (ids: readonly string[]): Promise<Set<string>> => {
    const found = new Set(ids);
    for (let at = 0; at < ids.length; at += MOST_NODES) {
      const { nodes } = await octokit.graphql<{ nodes: readonly (EditNode | null)[] }>(
        'query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id lastEditedAt includesCreatedEdit } } }',
        { ids: ids.slice(at, at + MOST_NODES) },
      );
      for (const node of nodes) {
        if (node !== null && node.lastEditedAt === null && node.includesCreatedEdit === false) found.delete(node.id);
      }
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
        const commands = all.filter((one) => commandOf(one.body ?? '') !== null);
        const changed = await edited(commands.map((one) => one.node_id));
        return all.map((one) => ({
          id: one.id,
          body: one.body ?? '',
          createdAt: one.created_at,
          updatedAt: one.updated_at,
          user: one.user ? { id: one.user.id, type: one.user.type } : null,
          isEdited: changed.has(one.node_id),
          isByApp: (one.performed_via_github_app ?? null) !== null,
        }));
      }),
  };
}

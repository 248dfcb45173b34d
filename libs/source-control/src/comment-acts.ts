import { type Connection, findAtGitHub } from './github-connection.js';

/** What is done to comments besides reading them: they are written by the author App, through the GitHub MCP server. */
export function commentActs({ octokit, repo }: Connection) {
  return {
    /**
     * Takes a comment of our own away that another one says as well; that server has no tool for it.
     * One that is gone already is no failure.
     */
    removeComment: async (comment_id: number): Promise<void> => {
      await findAtGitHub('removing a second comment', () => octokit.rest.issues.deleteComment({ ...repo, comment_id }));
    },
  };
}

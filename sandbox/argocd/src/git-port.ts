/** A file of a repository: path from the repository's root, UTF-8 text. */
export interface GitFile {
  readonly path: string;
  readonly content: string;
}

/** What the sandbox needs of Git. A failure of either is told in the Application's conditions. */
export interface GitPort {
  /** Every file below a folder (`.` or the empty text: the whole repository); none when there is no such folder. */
  listTree(repoUrl: string, revision: string, path: string): Promise<readonly GitFile[]>;
  /** The commit a branch points at now. */
  head(repoUrl: string, branch: string): Promise<string>;
}

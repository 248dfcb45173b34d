import { z } from 'zod';

/** The arguments by which most tools name a repository. */
export const repositoryArguments = {
  owner: z.string().describe('Repository owner'),
  repo: z.string().describe('Repository name'),
};

/** The same in the words of the file tools. */
export const fileRepositoryArguments = {
  owner: z.string().describe('Repository owner (username or organization)'),
  repo: z.string().describe('Repository name'),
};

import {
  buildSchema,
  defaultFieldResolver,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  Kind,
  parse,
  validate,
} from 'graphql';
import { editFields } from './content-edits.js';
import { actorNode, reviewMutations, reviewNode } from './graphql-reviews.js';
import type { Needs } from './http-kit.js';
import { ApiError, isRecord, type Json, notFound } from './http-kit.js';
import type { Account, Caller } from './identity.js';
import { setDraft } from './pull-acts.js';
import { json, type RestReply } from './rest-endpoint.js';
import { isVisibleTo } from './review-acts.js';
import type { RepositoryContext, SandboxCore } from './sandbox-core.js';
import type { PullRecord } from './state-store.js';
import { nodeId } from './views/account.view.js';
import { pullHtml } from './views/pull.view.js';

let published: GraphQLSchema | undefined;
/** GitHub's published schema, read at the first call: it is large. */
async function schemaOf(): Promise<GraphQLSchema> {
  if (published === undefined) {
    const { schema } = await import('@octokit/graphql-schema');
    published = buildSchema(schema.idl, { assumeValidSDL: true });
  }
  return published;
}

/** What the sandbox does not know is said; a silent null would pass for GitHub's answer. */
const known: GraphQLFieldResolver<unknown, unknown> = (source, args, context, info) => {
  if (isRecord(source) && !(info.fieldName in source))
    throw new GraphQLError(`The sandbox does not support ${info.parentType.name}.${info.fieldName}`);
  return defaultFieldResolver(source, args, context, info);
};

function pullNode(core: SandboxCore, repo: RepositoryContext, pull: PullRecord, viewer: Account): Json {
  return {
    __typename: 'PullRequest',
    id: nodeId('PullRequest', pull.id),
    databaseId: pull.id,
    number: pull.number,
    title: pull.title,
    body: pull.body ?? '',
    url: pullHtml(core, repo, pull.number),
    isDraft: pull.draft,
    state: pull.mergedAt ? 'MERGED' : pull.state.toUpperCase(),
    merged: pull.mergedAt !== null,
    closed: pull.state === 'closed',
    headRefName: pull.head,
    headRefOid: pull.headSha,
    baseRefName: pull.base,
    baseRefOid: pull.baseSha,
    createdAt: pull.createdAt,
    updatedAt: pull.updatedAt,
    mergedAt: pull.mergedAt,
    author: actorNode(core.identities.byId(pull.userId)),
    ...editFields(core, pull),
    reviews: ({ first, last, author }: { first?: number; last?: number; author?: string }): Json => {
      const own = repo.state.reviews
        .filter((review) => review.pull === pull.number && isVisibleTo(viewer, review))
        .filter(({ userId }) => author === undefined || core.identities.byId(userId).login === author);
      const page = first === undefined ? own.slice(-(last ?? own.length)) : own.slice(0, first);
      return { totalCount: own.length, nodes: page.map((review) => reviewNode(core, repo, review)) };
    },
  };
}

/** A comment by its node id; null where there is none that the caller may see, as GitHub answers. */
function commentNode(core: SandboxCore, caller: Caller, id: string): Json | null {
  for (const repo of core.allRepositories()) {
    const comment = repo.state.comments.find((one) => nodeId('IssueComment', one.id) === id);
    if (!comment) continue;
    core.requireAccess(caller, repo, [
      ['pull_requests', 'read'],
      ['issues', 'read'],
    ]);
    return {
      __typename: 'IssueComment',
      id,
      databaseId: comment.id,
      body: comment.body,
      createdAt: comment.createdAt,
      updatedAt: comment.updatedAt,
      ...editFields(core, comment),
      author: actorNode(core.identities.byId(comment.userId)),
    };
  }
  return null;
}

/** A commit by its node id, with everybody whom GitHub shows as its author: also who stands in a trailer. */
async function commitOf(core: SandboxCore, caller: Caller, id: string): Promise<Json | null> {
  const sha = /^Commit:([0-9a-f]{40})$/.exec(Buffer.from(id, 'base64url').toString('utf8'))?.[1];
  for (const repo of sha === undefined ? [] : core.allRepositories()) {
    const commit = await repo.git.commit(sha ?? '');
    if (!commit) continue;
    core.requireAccess(caller, repo, [['contents', 'read']]);
    const named = [...commit.message.matchAll(/^co-authored-by:\s*(.*?)\s*<([^<>]+)>\s*$/gim)];
    const people = [commit.author, ...named.map(([, name = '', email = '']) => ({ name, email }))];
    const nodes = people.map(({ name, email }): Json => {
      const account = core.identities.byEmail(email);
      const user = account?.type === 'User' ? actorNode(account) : null;
      return { __typename: 'GitActor', name, email, user };
    });
    const authors = ({ first = nodes.length }: { first?: number }): Json => ({
      totalCount: nodes.length,
      nodes: nodes.slice(0, first),
    });
    return { __typename: 'Commit', id, oid: commit.sha, message: commit.message, authors };
  }
  return null;
}

function rootOf(core: SandboxCore, caller: Caller, account: Account): Json {
  const reads: Needs = [['pull_requests', 'read']];
  const draft = async ({ input }: { input: Json }, wanted: boolean): Promise<Json> => {
    for (const repo of core.allRepositories()) {
      const pull = repo.state.pulls.find(({ id }) => nodeId('PullRequest', id) === input.pullRequestId);
      if (!pull) continue;
      core.requireAccess(caller, repo, [['pull_requests', 'write']]);
      if (pull.state === 'closed') throw new ApiError(422, 'The pull request is closed');
      await setDraft(core, repo, pull, wanted, account);
      return { clientMutationId: input.clientMutationId ?? null, pullRequest: pullNode(core, repo, pull, account) };
    }
    throw notFound();
  };
  return {
    viewer: actorNode(account),
    repository: ({ owner, name }: { owner: string; name: string }): Json => {
      const repo = core.repository(owner, name);
      core.requireAccess(caller, repo, [['metadata', 'read']]);
      return {
        __typename: 'Repository',
        id: nodeId('Repository', repo.seed.id),
        databaseId: repo.seed.id,
        name: repo.seed.name,
        nameWithOwner: repo.fullName,
        isPrivate: true,
        url: `${core.url}/${repo.fullName}`,
        pullRequest: ({ number }: { number: number }): Json => {
          core.requireAccess(caller, repo, reads);
          const pull = repo.state.pulls.find((candidate) => candidate.number === number);
          if (!pull) throw notFound();
          return pullNode(core, repo, pull, account);
        },
      };
    },
    nodes: ({ ids }: { ids: string[] }): (Json | null)[] => ids.map((id) => commentNode(core, caller, id)),
    node: ({ id }: { id: string }) => commentNode(core, caller, id) ?? commitOf(core, caller, id),
    markPullRequestReadyForReview: (args: { input: Json }) => draft(args, false),
    convertPullRequestToDraft: (args: { input: Json }) => draft(args, true),
    ...reviewMutations(core, caller, account),
  };
}

const TYPES: Record<number, string> = { 403: 'FORBIDDEN', 404: 'NOT_FOUND', 422: 'UNPROCESSABLE' };
const errorView = (error: GraphQLError): Json => {
  const cause = error.originalError;
  const type = cause instanceof ApiError ? TYPES[cause.status] : undefined;
  return { ...error.toJSON(), ...(type ? { type } : {}) };
};

/** One GraphQL call against the published schema. Faults are named `graphql/<field of the mutation>`. */
export async function answerGraphql(
  core: SandboxCore,
  authorization: string | undefined,
  bytes: Uint8Array,
): Promise<RestReply> {
  try {
    const caller = await core.identities.caller(authorization);
    if (caller.kind === 'nobody' || caller.kind === 'app-jwt')
      throw new ApiError(401, 'This endpoint requires you to be authenticated.');
    const body = requestOf(bytes);
    const refused = (errors: readonly GraphQLError[]): RestReply => json(200, { errors: errors.map(errorView) });
    let document: ReturnType<typeof parse>;
    try {
      document = parse(body.query, { maxTokens: 5000 });
    } catch (error) {
      if (error instanceof GraphQLError) return refused([error]);
      throw error;
    }
    const schema = await schemaOf();
    const wrong = validate(schema, document);
    if (wrong.length > 0) return refused(wrong);
    const fields = document.definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION && definition.operation === 'mutation'
        ? definition.selectionSet.selections.flatMap((one) => (one.kind === Kind.FIELD ? [one.name.value] : []))
        : [],
    );
    for (const field of fields) await core.faults.before(`graphql/${field}`);
    const run = async () =>
      execute({
        schema,
        document,
        rootValue: rootOf(core, caller, caller.account),
        variableValues: body.variables,
        fieldResolver: known,
        ...(body.operationName === undefined ? {} : { operationName: body.operationName }),
      });
    const mutate = async () => {
      const done = await run();
      await core.store.save();
      if (!done.errors) for (const field of fields) core.faults.count(`graphql/${field}`);
      return done;
    };
    const result = fields.length > 0 ? await core.exclusively(mutate) : await run();
    const cut = fields.map((field) => core.faults.takeDrop(`graphql/${field}`)).includes(true);
    const errors = result.errors?.map(errorView);
    return { ...json(200, { data: result.data ?? null, ...(errors ? { errors } : {}) }), cut };
  } catch (error) {
    const refusal = error instanceof ApiError ? error : new ApiError(500, 'Server Error');
    if (!(error instanceof ApiError)) core.log.error({ error: String(error) }, 'the sandbox failed at a GraphQL call');
    return json(refusal.status, refusal.body());
  }
}

function requestOf(bytes: Uint8Array): { query: string; variables: Json; operationName: string | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new ApiError(400, 'Problems parsing JSON');
  }
  if (!isRecord(value) || typeof value.query !== 'string')
    throw new ApiError(400, 'A query attribute must be specified and must be a string.');
  return {
    query: value.query,
    variables: isRecord(value.variables) ? value.variables : {},
    operationName: typeof value.operationName === 'string' ? value.operationName : undefined,
  };
}

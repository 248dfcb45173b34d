import { actorNode } from './graphql-reviews.js';
import type { Json } from './http-kit.js';
import type { SandboxCore } from './sandbox-core.js';
import { nodeId } from './views/account.view.js';

/** One version of a text that people may edit, and whose it was. */
export interface EditRecord {
  readonly id: number;
  readonly at: string;
  readonly userId: number;
  readonly text: string;
}

interface Edited {
  readonly createdAt: string;
  readonly userId: number;
  readonly body: string | null;
  edits?: EditRecord[];
}

/** Keeps a new version of a text; with the first one also what it was made as, as GitHub does. Call before the change. */
export function keepEdit(core: SandboxCore, it: Edited, next: { at: string; userId: number; text: string }): void {
  const made = { id: core.store.nextId(), at: it.createdAt, userId: it.userId, text: it.body ?? '' };
  it.edits = [...(it.edits ?? [made]), { id: core.store.nextId(), ...next }];
}

interface Page {
  readonly first?: number;
  readonly last?: number;
  readonly after?: string | null;
}

/** The versions as GraphQL lists them, the newest first; `diff` is the whole text of one. */
export function editFields(core: SandboxCore, it: Edited): Json {
  const edits = [...(it.edits ?? [])].reverse();
  const newest = edits[0];
  return {
    lastEditedAt: newest?.at ?? null,
    includesCreatedEdit: newest !== undefined,
    editor: newest === undefined ? null : actorNode(core.identities.byId(newest.userId)),
    userContentEdits: ({ first, last, after }: Page): Json => {
      const left = edits.slice(edits.findIndex(({ id }) => String(id) === after) + 1);
      const page = first === undefined ? left.slice(-(last ?? left.length)) : left.slice(0, first);
      return {
        totalCount: edits.length,
        pageInfo: { hasNextPage: page.at(-1) !== left.at(-1), endCursor: page.at(-1)?.id.toString() ?? null },
        nodes: page.map(({ id, at, userId, text }) => ({
          __typename: 'UserContentEdit',
          id: nodeId('UserContentEdit', id),
          createdAt: at,
          editedAt: at,
          updatedAt: at,
          deletedAt: null,
          deletedBy: null,
          diff: text,
          editor: actorNode(core.identities.byId(userId)),
        })),
      };
    },
  };
}

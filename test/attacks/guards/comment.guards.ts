import { cut, type Guard } from '../cut.js';

const COMMENTS = 'libs/source-control/src/comment-votes.ts';

/** Of votes by a comment. */
export const COMMENT_GUARDS = {
  'comment-unedited': {
    holds: 'a comment that was ever edited is no vote, whoever edited it',
    cuts: [cut(COMMENTS, 'if (isChanged(comment)) {', 'if (false) {')],
  },
  'comment-digest': {
    holds: 'a comment votes on the subject it names',
    cuts: [cut(COMMENTS, 'const named = names === null ? o', 'const named = names !== null ? o')],
  },
  'comment-digits': {
    holds: 'a command names twelve digits of the subject, no fewer',
    cuts: [
      cut(COMMENTS, 'if (!NAMES.test(names)) {', 'if (false) {'),
      cut(COMMENTS, 'names.length === COMMAND_DIGEST_LENGTH && digest', 'digest'),
    ],
  },
  'reject-edited': {
    holds: 'a reject by comment stands whatever somebody makes of the comment',
    cuts: [cut(COMMENTS, 'if (reject) votes.push(voteOf(comment, reject, o));')],
  },
  'reject-deleted': {
    holds: 'a reject that was seen stands though its comment is deleted',
    cuts: [
      cut(
        'libs/source-control/src/gone-rejects.ts',
        '.filter(({ reference }) => !there.has(reference))',
        '.filter(({ reference }) => false && !there.has(reference))',
      ),
    ],
  },
  'comment-bot': {
    holds: 'a comment of a bot or an App is no vote',
    cuts: [cut(COMMENTS, `if (comment.user !== null && comment.user.type !== 'User') {`, 'if (false) {')],
  },
  'comment-first-line': {
    holds: 'a command is the whole first line of a comment: what is quoted or told is talk',
    cuts: [
      cut(
        COMMENTS,
        'const match = COMMAND.exec(first.trimEnd());',
        String.raw`const match = /\/planwarden[ \t]+(approve|reject)[ \t]+([0-9a-f]{12})/.exec(body);`,
      ),
    ],
  },
} as const satisfies Record<string, Guard>;

import type { ErrorBody } from '@planwarden/contracts';

/** What the server refused, or why it could not be asked: always code, message and remedy. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** HTTP status; 0 where no answer came. */
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message);
  }
}

/** Reads the body of a refusal; one that is not ours becomes an error with words of our own. */
export function apiErrorOf(status: number, answer: unknown): ApiError {
  if (isErrorBody(answer)) return new ApiError(status, answer);
  return new ApiError(status, {
    code: 'ANSWER_UNREADABLE',
    message: `the server answered ${status} in a form this page does not know`,
    remedy: 'Load the page again; if it stays, look into the log of the orchestrator.',
  });
}

/** No answer came at all. */
export function unreachable(): ApiError {
  return new ApiError(0, {
    code: 'SERVER_UNREACHABLE',
    message: 'the orchestrator does not answer',
    remedy: 'See whether it runs (npm start), then try again.',
  });
}

/** Any thrown thing in the form the pages show. */
export function errorBodyOf(error: unknown): ErrorBody {
  if (error instanceof ApiError) return error.body;
  return {
    code: 'PAGE_FAILED',
    message: 'this page met something it did not expect',
    remedy: 'Load the page again; if it stays, report it with the steps that lead here.',
  };
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.body.code === 'SESSION_MISSING';
}

function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const body = value as Record<string, unknown>;
  return ['code', 'message', 'remedy'].every((key) => typeof body[key] === 'string');
}

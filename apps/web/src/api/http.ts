import { apiErrorOf, unreachable } from './api-error.js';

interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  /** Sent with every request that changes something. */
  readonly csrfToken?: string | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Calls the REST API of the server the page came from. The answer's shape is the server's promise (contracts/rest.ts).
 * @throws ApiError for every refusal, and where no answer came
 */
export async function call<T>(path: string, { method = 'GET', body, csrfToken, signal }: Call = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (csrfToken !== undefined) headers['x-csrf-token'] = csrfToken;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  const answer = await readAnswer(response);
  if (!response.ok) throw apiErrorOf(response.status, answer);
  return answer as T;
}

async function readAnswer(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  try {
    return await response.json();
  } catch {
    if (response.ok) throw apiErrorOf(response.status, undefined);
    return undefined;
  }
}

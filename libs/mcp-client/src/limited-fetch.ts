import type { FetchLike } from '@modelcontextprotocol/client';
import { PlanwardenError } from '@planwarden/contracts';

/**
 * A fetch whose answers to POST end with an error after `maxBytes`, so that a server cannot fill our memory before the
 * answer can be measured. Other methods (the long-lived GET stream) are left alone.
 */
export function limitedFetch(maxBytes: number): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (init?.method !== 'POST' || response.body === null) return response;
    let seen = 0;
    const meter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        seen += chunk.byteLength;
        if (seen > maxBytes) controller.error(answerTooLarge(maxBytes));
        else controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(meter), {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  };
}

export function answerTooLarge(maxBytes: number): PlanwardenError {
  return new PlanwardenError('OUTSIDE_ANSWER_INVALID', `The answer is larger than ${maxBytes} bytes.`, {
    remedy: 'Ask for less, or raise maxResponseBytes of the server.',
  });
}

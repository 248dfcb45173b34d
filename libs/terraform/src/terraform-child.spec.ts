import { expect, test } from '@jest/globals';
import { DEFAULT_LIMITS, runChild } from './terraform-child.js';

const ask = (signal: AbortSignal) =>
  runChild({
    ...{ binary: '/bin/echo', args: ['it ran'], folder: '/', env: {}, user: undefined },
    ...{ limits: DEFAULT_LIMITS, signal },
  });

test('a command that nobody wants any more is not begun', async () => {
  expect(await ask(new AbortController().signal)).toEqual({ code: 0, stdout: 'it ran\n', ended: null });
  expect(await ask(AbortSignal.abort())).toEqual({ code: null, stdout: '', ended: 'canceled' });
});

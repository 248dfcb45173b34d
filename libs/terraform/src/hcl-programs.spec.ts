import { expect, test } from '@jest/globals';
import { formatHcl } from './index.js';

/** What a program of Go leaves in a process that runs it. */
const isRunning = (): boolean => 'Go' in globalThis;

test('the programs that read and write HCL run from when they are first asked for, and not before', async () => {
  await new Promise((resolve) => setImmediate(resolve));
  expect(isRunning()).toBe(false);
  expect(await formatHcl('main.tf', 'locals {\n  a  =  1\n}\n')).toBe('locals {\n  a = 1\n}\n');
  expect(isRunning()).toBe(true);
});

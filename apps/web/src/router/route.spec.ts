import { describe, expect, test } from '@jest/globals';
import { addressOf, parseRoute, type Route } from './route.js';

describe('addresses', () => {
  test.each<[string, string, Route]>([
    ['/', '', { page: 'runs', state: null }],
    ['/runs', '', { page: 'runs', state: null }],
    ['/runs/', '', { page: 'runs', state: null }],
    ['/runs', '?state=awaiting_approval', { page: 'runs', state: 'awaiting_approval' }],
    ['/runs/0199-ab', '', { page: 'run', id: '0199-ab' }],
    ['/new', '', { page: 'new' }],
    ['/sign-in', '', { page: 'sign-in' }],
    ['/freezes', '', { page: 'freezes' }],
    ['/passkeys/', '', { page: 'passkeys' }],
    ['/runs/a/b', '', { page: 'unknown', path: '/runs/a/b' }],
    ['/runs/%E0%A4%A', '', { page: 'unknown', path: '/runs/%E0%A4%A' }],
    ['/elsewhere', '', { page: 'unknown', path: '/elsewhere' }],
  ])('%s%s', (path, search, route) => {
    expect(parseRoute(path, search)).toEqual(route);
  });

  test('an id with a slash survives the way there and back', () => {
    const address = addressOf({ page: 'run', id: 'a/b ?c' });
    expect(address).toBe('/runs/a%2Fb%20%3Fc');
    expect(parseRoute(address)).toEqual({ page: 'run', id: 'a/b ?c' });
  });
});

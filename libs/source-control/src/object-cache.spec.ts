import { expect, test } from '@jest/globals';
import { ObjectCache } from './object-cache.js';

const id = (digit: string) => digit.repeat(40);

function counting() {
  const reads: string[] = [];
  const read = (name: string) => async () => {
    reads.push(name);
    return name;
  };
  return { reads, read };
}

test('an object is read once, whatever asks for it; another kind of the same id is another object', async () => {
  const { reads, read } = counting();
  const cache = new ObjectCache(10);
  expect([await cache.get('tree', id('a'), read('a')), await cache.get('tree', id('a'), read('again'))]).toEqual([
    'a',
    'a',
  ]);
  await cache.get('commit', id('a'), read('commit'));
  expect(reads).toEqual(['a', 'commit']);
});

test('a branch name, a short id or a tag is read every time: it may name something else now', async () => {
  const { reads, read } = counting();
  const cache = new ObjectCache(10);
  for (const name of ['main', 'abc1234', `refs/heads/${id('a')}`]) {
    await cache.get('tree', name, read(name));
    await cache.get('tree', name, read(name));
  }
  expect(reads).toHaveLength(6);
});

test('a read that fails is not remembered, and the longest unused object gives way', async () => {
  const { reads, read } = counting();
  const cache = new ObjectCache(2);
  await expect(cache.get('blob', id('1'), () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  for (const digit of ['1', '2', '1', '3', '1', '2']) await cache.get('blob', id(digit), read(digit));
  expect(reads).toEqual(['1', '2', '3', '2']);
});

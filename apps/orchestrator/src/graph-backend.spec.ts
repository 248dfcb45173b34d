import { expect, test } from '@jest/globals';
import { openGraph } from './graph-backend.js';

test('a password file that cannot be read is named before anything is asked of the graph', async () => {
  const neo4j = { uri: 'bolt://127.0.0.1:1', user: 'neo4j', database: 'neo4j', passwordFile: '/nowhere/password' };
  await expect(openGraph({} as never, { store: 'neo4j', neo4j })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    where: { field: 'graph.neo4j.passwordFile' },
  });
});

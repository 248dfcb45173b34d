import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '@modelcontextprotocol/client';
import {
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { anotherAgent, holds, modernClient, oldClient } from './mcp-clients.js';
import { hasEnded, NGINX, startWorld, type World, waitsForApproval, withStack } from './world.js';

describe('updates of resources', () => {
  const stranger = anotherAgent('stranger', 'web');
  let world: World;
  beforeAll(async () => {
    world = await startWorld(
      {},
      undefined,
      (yaml) =>
        // In another environment: nothing of staging is the stranger's to see.
        withStack(yaml).replace('name: web\n    environment: staging', 'name: web\n    environment: sketch') +
        stranger.yaml,
    );
  });
  afterAll(() => world.stop());

  /** Everybody has left: nobody is told anything, and the journal is not read. */
  const isQuiet = () => world.at.app.journal.size === 0;

  /** Whoever listens from now on is not told again of what the run did so far. */
  async function isTold(run: string): Promise<void> {
    const { runs } = world.at.app.services;
    const last = (await runs.events(run)).at(-1)?.position ?? '';
    await holds(async () => BigInt(await runs.lastPosition()) >= BigInt(last));
  }

  /** What a client heard, in the words of its era. */
  interface Heard {
    readonly updated: string[];
    lists: number;
  }

  function hears(client: Client): Heard {
    const heard: Heard = { updated: [], lists: 0 };
    client.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void heard.updated.push(params.uri),
    );
    client.setNotificationHandler('notifications/resources/list_changed', () => {
      heard.lists += 1;
    });
    return heard;
  }

  describe('resource updates, 2026-07-28', () => {
    test('a listener hears of the run it follows, of new runs, and of nothing after it closed', async () => {
      const run = await world.propose();
      await world.until(run, waitsForApproval);
      await isTold(run);
      const uri = `planwarden://runs/${run}`;
      const client = await modernClient(world.url, world.agentToken);
      const heard = hears(client);
      const listening = await client.listen({
        resourcesListChanged: true,
        resourceSubscriptions: [uri, `${uri}/log`, 'planwarden://runs/run_0'],
      });
      expect(listening.honoredFilter).toEqual({
        resourcesListChanged: true,
        resourceSubscriptions: [uri, `${uri}/log`],
      });
      const other = await world.propose({ name: 'other', image: 'nginxinc/nginx-unprivileged:1.27.3', replicas: 3 });
      await holds(() => heard.lists > 0);
      expect(heard.updated).toEqual([]);
      await world.call('cancel_run', { run });
      await world.until(run, hasEnded);
      await holds(() => heard.updated.includes(uri) && heard.updated.includes(`${uri}/log`));
      await listening.close();
      await client.close();
      await holds(isQuiet);
      const before = [...heard.updated];
      await world.call('cancel_run', { run: other });
      await world.until(other, hasEnded);
      expect(heard.updated).toEqual(before);
    });

    test('who may not see a run can neither follow it nor hears that it is there', async () => {
      const run = await world.propose();
      const client = await modernClient(world.url, stranger.token);
      const heard = hears(client);
      const listening = await client.listen({
        resourcesListChanged: true,
        resourceSubscriptions: [`planwarden://runs/${run}`],
      });
      expect(listening.honoredFilter.resourceSubscriptions ?? []).toEqual([]);
      const mine = await modernClient(world.url, world.agentToken);
      const known = hears(mine);
      const control = await mine.listen({ resourceSubscriptions: [`planwarden://runs/${run}`] });
      await world.call('cancel_run', { run });
      await holds(() => known.updated.length > 0);
      expect(heard).toEqual({ updated: [], lists: 0 });
      await Promise.all([listening.close(), control.close()]);
      await Promise.all([client.close(), mine.close()]);
      await holds(isQuiet);
    });
  });

  describe('resource updates, 2025 era, SDK 1.32', () => {
    test('a session subscribes, hears of the run on its stream, and of nothing once it unsubscribed or ended', async () => {
      const { client, transport } = await oldClient(world.url, world.agentToken);
      expect(client.getServerCapabilities()).toMatchObject({
        resources: { subscribe: true, listChanged: true },
        tools: { listChanged: false },
        prompts: { listChanged: false },
      });
      const heard: Heard = { updated: [], lists: 0 };
      client.setNotificationHandler(
        ResourceUpdatedNotificationSchema,
        ({ params }) => void heard.updated.push(params.uri),
      );
      client.setNotificationHandler(ResourceListChangedNotificationSchema, () => {
        heard.lists += 1;
      });
      await holds(() => !isQuiet());
      const run = await world.propose();
      const uri = `planwarden://runs/${run}`;
      await client.subscribeResource({ uri });
      await holds(() => heard.lists > 0);
      await world.until(run, waitsForApproval);
      await holds(() => heard.updated.includes(uri));
      expect(new Set(heard.updated)).toEqual(new Set([uri]));
      await client.unsubscribeResource({ uri });
      // The stream keeps its order: what was under way before it heard of this new run has come.
      const hearsOfAnother = async (name: string): Promise<void> => {
        const before = heard.lists;
        await world.propose({ ...NGINX, name });
        await holds(() => heard.lists > before);
      };
      await hearsOfAnother('second');
      const before = heard.updated.length;
      await world.call('cancel_run', { run });
      await world.until(run, hasEnded);
      await isTold(run);
      await hearsOfAnother('third');
      await expect(client.subscribeResource({ uri: 'planwarden://runs/run_0' })).rejects.toMatchObject({
        code: -32602,
      });
      expect(heard.updated).toHaveLength(before);
      await transport.terminateSession();
      await client.close();
      await holds(isQuiet);
    });

    test('a session of another agent cannot subscribe to a run of a target it does not have', async () => {
      const run = await world.propose();
      const { client } = await oldClient(world.url, stranger.token);
      await expect(client.subscribeResource({ uri: `planwarden://runs/${run}` })).rejects.toMatchObject({
        code: -32602,
      });
      await world.call('cancel_run', { run });
      await client.close();
      // Closed without a word: the stream ended, and that is enough.
      await holds(isQuiet);
    });
  });

  test('the graph shows an agent nothing of another environment, not even where a page ends', async () => {
    const run = await world.propose();
    await world.until(run, waitsForApproval);
    await world.call('cancel_run', { run });
    await world.until(run, hasEnded);
    const own = (await world.call('search_infrastructure', { limit: 1 })).data as { resources: { id: string }[] };
    const id = own.resources[0]?.id ?? '';
    expect((await world.call('get_blast_radius', { id })).data).toMatchObject({ status: 'tracked' });
    const client = await modernClient(world.url, stranger.token);
    const asked = async (name: string, args: object): Promise<unknown> =>
      (await client.callTool({ name, arguments: { ...args } })).structuredContent;
    expect(await asked('search_infrastructure', { limit: 1 })).toEqual({ resources: [], next: null });
    expect(await asked('get_blast_radius', { id })).toMatchObject({
      ...{ status: 'not_tracked', snapshot: 'none', hits: [] },
      coverage: { kindsRead: [], kindsFailed: [], namespacesRead: [] },
    });
    await client.close();
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { anotherAgent, holds, modernRequest, oldClient } from './mcp-clients.js';
import { hasEnded, type Json, NGINX, startWorld, type World, waitsForApproval } from './world.js';

describe('tasks', () => {
  const TASKS = { 'io.modelcontextprotocol/tasks': {} };
  const other = anotherAgent('other', 'staging');
  let world: World;
  let old: OldClient;
  beforeAll(async () => {
    world = await startWorld({}, undefined, (yaml) => yaml + other.yaml);
    old = (await oldClient(world.url, world.agentToken)).client;
  });
  afterAll(async () => {
    await old.close();
    await world.stop();
  });

  const CHANGE = {
    target: 'staging',
    title: 'Run nginx',
    reason: 'The shop needs a web server.',
    template: { name: 'web-application', parameters: NGINX },
  };
  const DENIED = {
    target: 'staging',
    title: 'Nothing good',
    files: [
      { path: 'a.yaml', content: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: kube-system }\n' },
    ],
  };
  const call = (args: Json) => ({ name: 'propose_change', arguments: args });
  const ask = (method: string, params: Json, extensions: Json = TASKS, token = world.agentToken) =>
    modernRequest(world, token, method, params, extensions);
  const state = async (taskId: string) => (await ask('tasks/get', { taskId })).body.result as Json;

  describe('tasks of 2026-07-28', () => {
    test('who declares the extension gets the run as a task; who does not sees no change', async () => {
      const discovered = (await ask('server/discover', {})).body.result as Json;
      expect(discovered.capabilities).toMatchObject({ extensions: TASKS });
      expect(discovered.capabilities).not.toHaveProperty('tasks');
      const plain = (await ask('tools/call', call(CHANGE), {})).body.result as Json;
      expect(plain).toMatchObject({ resultType: 'complete', structuredContent: { state: 'pending' } });
      const run = String((plain.structuredContent as Json).run);
      expect((await ask('tasks/get', { taskId: run }, {})).body.error).toMatchObject({
        code: -32021,
        data: { requiredCapabilities: { extensions: TASKS } },
      });
      await world.call('cancel_run', { run });
      const created = (await ask('tools/call', call(CHANGE))).body.result as Json;
      expect(created).toMatchObject({ resultType: 'task', status: 'working', ttlMs: null, pollIntervalMs: 1000 });
      expect(created).not.toHaveProperty('content');
      const taskId = String(created.taskId);
      await world.until(taskId, waitsForApproval);
      // People decide, not clients: a task that waits for them asks its client for nothing.
      expect(await state(taskId)).toMatchObject({ resultType: 'complete', status: 'working' });
      expect((await state(taskId)).statusMessage).toContain('waits for approval');
      expect(
        (await ask('tasks/update', { taskId, inputResponses: { approve: { action: 'accept' } } })).body.result,
      ).toMatchObject({ resultType: 'complete' });
      expect((await ask('tasks/cancel', { taskId })).body.result).toMatchObject({ resultType: 'complete' });
      await world.until(taskId, hasEnded);
      expect(await state(taskId)).toMatchObject({ status: 'cancelled' });
      expect(await state(taskId)).not.toHaveProperty('result');
      // Again: it has ended, and that is an answer.
      expect((await ask('tasks/cancel', { taskId })).body.result).toMatchObject({ resultType: 'complete' });
    });

    test('a run that policy refuses has completed with the error that the tool would have told', async () => {
      const created = (await ask('tools/call', call(DENIED))).body.result as Json;
      const taskId = String(created.taskId);
      await world.until(taskId, hasEnded);
      const task = await state(taskId);
      expect(task).toMatchObject({
        status: 'completed',
        result: { isError: true, structuredContent: { run: taskId, state: 'policy_failed' } },
      });
      expect(JSON.stringify(task.result)).toContain('Mend:');
    });

    test('a refused request begins no task; a task of somebody else is none', async () => {
      const refused = (await ask('tools/call', call({ ...CHANGE, target: 'none' }))).body.result as Json;
      expect(refused).toMatchObject({ resultType: 'complete', isError: true });
      const mine = (await ask('tools/call', call(DENIED))).body.result as Json;
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
        for (const [taskId, token] of [
          ['nonsense', world.agentToken],
          [`run_${'0'.repeat(32)}`, world.agentToken],
          [String(mine.taskId), other.token],
        ] as const) {
          const { body } = await ask(method, { taskId, inputResponses: {} }, TASKS, token);
          expect(body.error).toMatchObject({ code: -32602, data: { code: 'RUN_UNKNOWN', where: { field: 'taskId' } } });
        }
      }
      for (const method of ['tasks/result', 'tasks/list']) {
        expect((await ask(method, { taskId: String(mine.taskId) })).body.error).toMatchObject({ code: -32601 });
      }
    });
  });

  describe('tasks of the 2025 era, SDK 1.32', () => {
    test('a call as a task is followed to its cancel; the same call without is answered at once', async () => {
      const { tools } = await old.listTools();
      expect(tools.filter((tool) => tool.execution !== undefined).map((tool) => [tool.name, tool.execution])).toEqual([
        ['propose_change', { taskSupport: 'optional' }],
      ]);
      const seen: string[] = [];
      let taskId = '';
      for await (const message of old.experimental.tasks.callToolStream(call(CHANGE), CallToolResultSchema, {
        task: {},
      })) {
        seen.push(message.type === 'taskStatus' ? message.task.status : message.type);
        if (message.type === 'taskCreated') {
          taskId = message.task.taskId;
          await world.until(taskId, waitsForApproval);
          expect((await old.experimental.tasks.listTasks()).tasks.map((task) => task.taskId)).toContain(taskId);
          expect(await old.experimental.tasks.cancelTask(taskId)).toMatchObject({ taskId, status: 'cancelled' });
        }
      }
      expect(seen[0]).toBe('taskCreated');
      expect(seen).toContain('cancelled');
      await expect(old.experimental.tasks.cancelTask(taskId)).rejects.toMatchObject({ code: -32602 });
      const plain = await old.callTool(call(DENIED));
      expect(plain.structuredContent).toMatchObject({ state: 'pending' });
    });

    test('the result of a task is waited for, and is what the tool would have answered', async () => {
      const stream = old.experimental.tasks.callToolStream(call(DENIED), CallToolResultSchema, { task: {} });
      const first = await stream.next();
      if (first.done || first.value.type !== 'taskCreated') throw new Error(JSON.stringify(first.value));
      const { taskId } = first.value.task;
      const result = await old.experimental.tasks.getTaskResult(taskId, CallToolResultSchema);
      expect(result).toMatchObject({
        isError: true,
        structuredContent: { run: taskId, state: 'policy_failed' },
        _meta: { 'io.modelcontextprotocol/related-task': { taskId } },
      });
      expect(await old.experimental.tasks.getTask(taskId)).toMatchObject({ status: 'failed', ttl: null });
      await stream.return(undefined);
      await holds(() => world.at.app.journal.size <= 1);
    });

    test('a tool that is no task, a refused request and a foreign task are refused', async () => {
      const outcome = async (name: string, args: Json) => {
        for await (const message of old.experimental.tasks.callToolStream(
          { name, arguments: args },
          CallToolResultSchema,
          {
            task: {},
          },
        )) {
          if (message.type === 'error') return message.error;
        }
        return undefined;
      };
      expect(await outcome('list_runs', {})).toMatchObject({ code: -32601 });
      expect(await outcome('propose_change', { ...CHANGE, target: 'none' })).toMatchObject({
        code: -32602,
        data: { where: { field: 'target' } },
      });
      const { client } = await oldClient(world.url, other.token);
      const mine = (await old.experimental.tasks.listTasks()).tasks[0]?.taskId ?? '';
      await expect(client.experimental.tasks.getTask(mine)).rejects.toMatchObject({ code: -32602 });
      expect((await client.experimental.tasks.listTasks()).tasks).toEqual([]);
      await client.close();
    });
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startWorld, type World, waitsForApproval } from './world.js';

describe('metrics', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  /** Samples by their name and labels. */
  async function scraped(): Promise<ReadonlyMap<string, number>> {
    const answer = await fetch(`${world.url}/metrics`);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  }

  test('tells open runs by state, what they wait for, tool calls and requests', async () => {
    const run = await world.propose();
    await world.until(run, waitsForApproval);
    await world.call('get_run', { run: 'nonsense' });
    const before = await scraped();
    expect(before.get('planwarden_open_runs{state="awaiting_approval"}')).toBe(1);
    expect(before.get('planwarden_open_runs{state="planning"}')).toBe(0);
    expect(before.get('planwarden_waiting_runs{reason="approval"}')).toBe(1);
    expect(before.get('planwarden_mcp_tool_calls_total{tool="propose_change",outcome="ok"}')).toBe(1);
    expect(before.get('planwarden_http_request_duration_seconds_count{method="POST",status="2xx"}')).toBeGreaterThan(0);
    await world.call('get_resource', { id: 'k8s:staging:/Pod:x:none' });
    const after = await scraped();
    expect(after.get('planwarden_mcp_tool_calls_total{tool="get_resource",outcome="refused"}')).toBe(1);
  });

  test('takes no label from outside', async () => {
    await fetch(`${world.url}/livez`, { method: 'PROPFIND' });
    const names = [...(await scraped()).keys()].filter((name) => name.startsWith('planwarden_http'));
    expect(names.some((name) => name.includes('method="other"'))).toBe(true);
    expect(names.some((name) => name.includes('PROPFIND'))).toBe(false);
  });
});

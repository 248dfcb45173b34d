import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, type Json, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from './world.js';

describe('runs that follow another', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  async function approve(run: string): Promise<RunSeen> {
    const waiting = await world.until(run, waitsForApproval);
    const { number, evidenceSha } = waiting.pullRequest ?? { number: 0, evidenceSha: null };
    expect(await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '')).toBe(200);
    return world.until(run, hasEnded);
  }

  /** Blobs below the target at the tip of the base branch. */
  async function filesAtTip(): Promise<Readonly<Record<string, string>>> {
    const { services } = world.at.app;
    const github = services.sourceControl(services.config.target('staging'));
    const files = await github.filesAt((await github.branchHead('main')) ?? '');
    return Object.fromEntries(
      files.filter(({ path }) => path.includes('nginx')).map((file) => [file.path, file.blobSha]),
    );
  }

  const parentOf = ({ data }: { readonly data: Json }): unknown => (data.run as Json).parent;

  test('a rollback undoes what a run merged, through the whole gate; a retry asks the same again', async () => {
    const first = await world.propose(NGINX);
    expect((await approve(first)).run.state).toBe('applied');
    const before = await filesAtTip();
    const second = await world.propose({ ...NGINX, replicas: 2 });
    expect((await approve(second)).run.state).toBe('applied');
    expect(await filesAtTip()).not.toEqual(before);

    expect((await world.call('rollback_run', { run: first })).data).toMatchObject({ code: 'ROLLBACK_REFUSED' });
    expect((await world.call('retry_run', { run: second })).data).toMatchObject({ code: 'RETRY_REFUSED' });

    const undone = await world.call('rollback_run', { run: second, reason: 'Two are not enough.' });
    expect(undone.data).toMatchObject({ parent: second });
    const child = String(undone.data.run);
    expect(parentOf(await world.call('get_run', { run: child }))).toEqual({ run: second, kind: 'rollback' });

    const canceled = await world.call('cancel_run', { run: child });
    expect(canceled.isError).toBe(false);
    expect((await world.until(child, hasEnded)).run.state).toBe('canceled');
    const owner = await world.signIn('owner');
    const again = await owner('POST', `/api/v1/runs/${child}/retry`, {});
    expect([again.status, again.body.parent]).toEqual([202, { run: child, kind: 'retry' }]);
    expect((await approve(String(again.body.id))).run.state).toBe('applied');
    expect(await filesAtTip()).toEqual(before);

    const rebuilt = await fetch(`${world.url}/api/v1/runs/rebuild`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.at.app.operatorToken}` },
    });
    expect(await rebuilt.json()).toEqual({ runs: 4, mended: 0 });
  });
});

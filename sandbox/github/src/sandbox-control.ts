import { moveRef } from './branch-updates.js';
import type { SandboxControl } from './control.js';
import type { SandboxCore } from './sandbox-core.js';

/** The control of a running sandbox. Its mistakes are programming errors of a test, so they throw plainly. */
export function sandboxControl(core: SandboxCore): SandboxControl {
  const { faults } = core;
  return {
    countEffects: () => Object.fromEntries(faults.effects),
    released: (accountId) => faults.released(accountId),
    protect: (repository, change) => {
      const [owner = '', name = ''] = repository.split('/');
      Object.assign(core.repository(owner, name).seed, change);
    },
    grant: (slug, permissions) => {
      const app = core.seed.apps.find((one) => one.slug === slug);
      if (!app) throw new Error(`no App in the sandbox is called ${slug}`);
      app.permissions = permissions;
    },
    permissionsUsed: (slug) =>
      [...faults.permissions].filter((used) => used.startsWith(`${slug} `)).map((used) => used.slice(slug.length + 1)),
    failNext: (operation, status) => faults.failNext(operation, status),
    fail: (operation, status) => faults.fail(operation, status),
    dropAnswerOnce: (operation) => faults.dropAnswerOnce(operation),
    pause: (operation) => faults.pause(operation),
    held: (operation) => faults.held(operation),
    loseWebhooks: (lose) => {
      faults.loseWebhooks = lose;
    },
    setClockAhead: (ms) => {
      core.aheadMs = ms;
    },
    holdWebhooks: () => core.webhooks.hold(),
    holdDispatches: () => core.actions.close('create'),
    holdRunners: () => core.actions.close('start'),
    swapArtifact: (name, files) => {
      const all = core.allRepositories().flatMap((repo) => repo.state.actions.artifacts);
      const found = all.filter((artifact) => artifact.name === name);
      if (found.length !== 1 || !found[0])
        throw new Error(`${found.length} artifacts in the sandbox are called ${name}`);
      return core.actions.artifacts.swap(found[0], files);
    },
    violations: () => core.contract.violations,
    deliveries: () => [...core.webhooks.deliveries],
    webhooksSettled: () => core.webhooks.settled(),
    push: ({ repository, branch, files, message, login }) =>
      core.exclusively(async () => {
        const [owner = '', name = ''] = repository.split('/');
        const repo = core.repository(owner, name);
        const account = core.identities.byLogin(login);
        if (!account) throw new Error(`nobody in the sandbox is called ${login}`);
        const head = await repo.git.ref(`refs/heads/${branch}`);
        const parent = head ?? (await repo.git.ref(`refs/heads/${repo.seed.defaultBranch}`));
        const tree = await repo.git.flatten((await repo.git.commit(parent ?? ''))?.tree ?? '');
        for (const [path, content] of Object.entries(files)) {
          if (content === null) tree.delete(path);
          else tree.set(path, { mode: '100644', oid: await repo.git.writeBlob(Buffer.from(content)) });
        }
        const who = core.person(account);
        const sha = await repo.git.writeCommit({
          tree: await repo.git.writeFlat(tree),
          parents: parent ? [parent] : [],
          message: message ?? 'Change by hand',
          author: who,
          committer: who,
        });
        await moveRef(core, repo, `refs/heads/${branch}`, sha, account);
        await core.store.save();
        return sha;
      }),
  };
}

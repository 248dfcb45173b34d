// Starts an installation on a throw-away folder, or attaches to one that runs, and reads what an operator could read
// there: addresses and sandbox credentials. Nothing of the product's code is imported.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/lib/ensure.mjs';

const START_LIMIT_MS = 60_000;

/** @returns {Promise<World>} the installation of a data folder that runs already */
export async function attach(data) {
  const read = (name) => readFileSync(join(data, name), 'utf8');
  const address = JSON.parse(read('address.json'));
  const secrets = JSON.parse(read('secrets.json'));
  return {
    url: address.url,
    configFile: join(data, 'planwarden.yaml'),
    github: address.sandbox.github,
    kubernetes: address.sandbox.kubernetes,
    agentToken: read('agent-assistant.token').trim(),
    reviewerToken: secrets.people['ravi-reviewer'],
    authorAppToken: secrets.authorToken,
    /** What a person types here for a link that signs them in. */
    signIn: (person) => `npm exec -- planwarden sign-in ${person} --data ${data}`,
    clusterToken: secrets.cluster.reader,
    /** Whether the jobs of its Actions and its workers stand on one machine, where a state is a folder of both. */
    isOneProcess: false,
    stop: async () => undefined,
  };
}

/** Starts a fresh installation; stop() ends it and removes its folder. */
export async function startFresh() {
  const data = mkdtempSync(join(tmpdir(), 'planwarden-demo-'));
  const port = await freePorts();
  const child = spawn(
    process.execPath,
    [join(root, 'apps/orchestrator/dist/main.js'), '--data', data, '--port', String(port), '--log-level', 'warn'],
    { stdio: ['ignore', 'ignore', 'inherit'], detached: true },
  );
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await gone;
    rmSync(data, { recursive: true, force: true });
  };
  const until = Date.now() + START_LIMIT_MS;
  while (!existsSync(join(data, 'address.json'))) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error('the installation did not start; its own message stands above');
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { ...(await attach(data)), isOneProcess: true, stop };
}

/** Three free ports in a row: product, sandbox GitHub, sandbox cluster. */
async function freePorts() {
  for (let tries = 0; tries < 50; tries += 1) {
    const first = await freePort(0);
    if ((await freePort(first + 1)) && (await freePort(first + 2))) return first;
  }
  throw new Error('there are no three free ports in a row');
}

function freePort(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => {
      const found = probe.address().port;
      probe.close(() => resolve(found));
    });
  });
}

// Our own share of a run: request to awaiting approval, and vote to merge, without the time in which the outside was
// answering (sandbox GitHub, sandbox cluster, Kubernetes MCP server). What is left holds our code, Postgres, and the way
// to and from the outside. Everything shares the cores of one machine: the figures are an upper bound.
//
// Where it goes, counted on a change of five objects: from request to awaiting approval 42 requests to GitHub, 41 to the
// cluster and about 175 statements, some 45 of which wait for the disk; from vote to merge 33, 39 and 116. Each is there to
// be sure: files pushed are read back, live objects and facts are looked at anew before the plan is judged and again at
// confirm, and what is done is in the journal first. By profile most of our own time is building, sending and reading those
// requests and statements (HTTP on both sides, octokit, pg), not judging: policy, YAML, schemas and hashing are under a tenth.
// At one millisecond for each request and each write the floor is above the goal; what is left to win lies in fewer of them.
import { installation, percentile } from './installation.mjs';
import { OutsideTime } from './outside-time.mjs';

const GOAL_MS = 100;

export async function run({ say, rounds = 10 }) {
  const told = new Told();
  const world = await installation((fields, message) => told.hear(fields, message));
  try {
    const ports = new Set([world.at.github.url, world.at.kubernetes.url].map((url) => Number(new URL(url).port)));
    const outside = new OutsideTime(ports);
    const figures = { request: [], merge: [], requestGross: [], mergeGross: [] };
    for (let round = -2; round < rounds; round += 1) {
      const measured = await change(world, told, outside, `app-${round + 3}`);
      if (round < 0) continue;
      for (const [name, value] of Object.entries(measured)) figures[name].push(value);
      say(
        `${round + 1}/${rounds}: request ${measured.request.toFixed(0)} of ${measured.requestGross.toFixed(0)} ms, merge ${measured.merge.toFixed(0)} of ${measured.mergeGross.toFixed(0)} ms`,
      );
    }
    return ['request', 'merge'].flatMap((name) =>
      [50, 95].map((share) => {
        const value = percentile(figures[name], share / 100);
        return {
          name: `road:${name === 'request' ? 'request-to-awaiting-approval' : 'vote-to-merge'}:p${share}`,
          value: Math.round(value * 10) / 10,
          unit: 'ms of our own',
          peer: 'goal',
          peerValue: GOAL_MS,
          ratio: Math.round((value / GOAL_MS) * 100) / 100,
          gross: Math.round(percentile(figures[`${name}Gross`], share / 100)),
        };
      }),
    );
  } finally {
    await world.stop();
  }
}

async function change({ at, call }, told, outside, name) {
  const { runs } = at.app.services;
  const asked = performance.now();
  const { run } = await call('propose_change', {
    target: 'staging',
    title: 'Bench',
    template: { name: 'web-application', parameters: { name, image: 'nginxinc/nginx-unprivileged:1.27.3' } },
  });
  await told.of(run, 'run parked');
  await until(async () => (await runs.get(run)).wait?.reason === 'approval');
  const waiting = performance.now();
  const seen = await call('get_run', { run });
  const { number, evidenceSha } = seen.pullRequest;
  const voted = performance.now();
  const answer = await fetch(`${at.github.url}/repos/platform/infrastructure/pulls/${number}/reviews`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${at.secrets.people['ravi-reviewer']}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ event: 'APPROVE', commit_id: evidenceSha, body: 'Looked at it.' }),
  });
  if (!answer.ok) throw new Error(`the review was refused: ${answer.status}`);
  await told.of(run, 'step done', 'merge');
  await until(async () => ['verifying', 'applied'].includes((await runs.get(run)).state));
  const merged = performance.now();
  await until(async () => (await runs.get(run)).ended);
  return {
    request: waiting - asked - outside.between(asked, waiting),
    requestGross: waiting - asked,
    merge: merged - voted - outside.between(voted, merged),
    mergeGross: merged - voted,
  };
}

/** What the log tells: whoever asks the database every few milliseconds whether it is over takes part in what he measures. */
class Told {
  #heard = new Set();
  #waiting = new Map();

  hear({ run, step }, message) {
    for (const key of [`${run} ${message}`, `${run} ${message} ${step}`]) {
      this.#heard.add(key);
      this.#waiting.get(key)?.();
    }
  }

  async of(run, message, step) {
    const key = step === undefined ? `${run} ${message}` : `${run} ${message} ${step}`;
    if (this.#heard.has(key)) return;
    await new Promise((resolve) => this.#waiting.set(key, resolve));
  }
}

async function until(isTrue) {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 2));
}

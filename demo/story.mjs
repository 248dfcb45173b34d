// The story of one change, told as it happens.
import { connectAgent } from './agent.mjs';
import { good, parametersOf, quiet, refused, says, scene, title, verbatim } from './print.mjs';
import { reads } from './reads.mjs';
import { tellOfStack } from './stack-story.mjs';

const NAME = 'nginx';
const NAMESPACE = 'staging-nginx';
const PRIVILEGED = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx
  namespace: ${NAMESPACE}
spec:
  replicas: 3
  selector: { matchLabels: { app.kubernetes.io/name: nginx } }
  template:
    metadata: { labels: { app.kubernetes.io/name: nginx } }
    spec:
      containers:
        - name: nginx
          image: nginxinc/nginx-unprivileged:1.27.3
          securityContext: { privileged: true }
          resources: { requests: { cpu: 50m, memory: 64Mi }, limits: { cpu: 200m, memory: 128Mi } }
`;

/**
 * @param world addresses and sandbox credentials
 * @param {{ approve: 'review' | 'click' | 'withhold', withholdMs?: number }} options who gives the approval
 * @returns {Promise<{ run: string, state: string, steps: number }>} how it ended
 */
export async function tell(world, options) {
  const look = reads(world);
  const agent = await connectAgent(world);
  try {
    title('Planwarden: let agents change infrastructure through a gate you can trust');
    await refusal(agent, look);
    const run = await request(agent);
    const waiting = await showPlan(agent, look, run);
    await agentTriesToApprove(look, world, run, waiting);
    const approved = await approval(agent, look, world, run, waiting, options);
    if (!approved) return await summary(agent, run);
    const ended = await outcome(agent, look, run);
    if (ended.state !== 'applied') return ended;
    const approve = (other, seen) => approval(agent, look, world, other, seen, options);
    await tellOfStack({ agent, look, world, approve });
    return ended;
  } finally {
    await agent.close();
  }
}

async function refusal(agent, look) {
  scene('The agent asks for nginx in a privileged container');
  says('agent', 'propose_change: my own Deployment, securityContext.privileged: true');
  const proposed = await agent.call('propose_change', {
    target: 'staging',
    title: 'Run nginx',
    reason: 'The shop needs a web server.',
    files: [{ path: 'nginx/deployment.yaml', content: PRIVILEGED }],
  });
  if (proposed.isError) throw new Error(`propose_change: ${proposed.data.code}: ${proposed.data.message}`);
  const ended = await agent.follow(proposed.data.run, ({ run }) => run.ended);
  says('gate', `the run ended ${ended.run.state}: ${ended.run.outcome?.code ?? 'no code'}`);
  for (const finding of ended.findings.slice(0, 4)) {
    refused(`${finding.rule} (${finding.severity}) ${finding.file ?? ''}:${finding.line ?? ''}`);
    quiet(finding.message);
    quiet(`mend: ${finding.remedy}`);
  }
  const [branches, pulls] = [await look.branches(), await look.pullRequests()];
  quiet(`at GitHub: branches ${branches.join(', ')}; ${pulls.length} pull requests`);
}

async function request(agent) {
  scene('It asks again, properly: a template, three replicas, managed by Argo CD');
  const { data: templates } = await agent.call('list_templates');
  says('agent', `list_templates: ${templates.templates.map((template) => template.name).join(', ')}`);
  const parameters = { name: NAME, image: 'nginxinc/nginx-unprivileged:1.27.3', replicas: 3 };
  says('agent', `propose_change: web-application with ${parametersOf(parameters)}`);
  const proposed = await agent.call('propose_change', {
    target: 'staging',
    title: 'Run nginx with three replicas',
    reason: 'The shop needs a web server.',
    template: { name: 'web-application', parameters },
  });
  if (proposed.isError) throw new Error(`propose_change: ${proposed.data.code}: ${proposed.data.message}`);
  says('gate', `run ${proposed.data.run} has begun`);
  return proposed.data.run;
}

async function showPlan(agent, look, run) {
  const waiting = await agent.follow(
    run,
    (seen) => seen.run.ended || seen.run.wait?.reason === 'approval',
    (seen) => quiet(`${seen.run.step}`),
  );
  if (waiting.run.ended) throw new Error(`the run ended ${waiting.run.state}: ${waiting.run.outcome?.message}`);
  scene('Policy allows it; the plan stands on a pull request');
  for (const step of waiting.steps.filter(({ state }) => state === 'done')) good(`${step.name}: ${step.message}`);
  const pull = await look.pullRequest(waiting.pullRequest.number);
  const files = await look.pullRequestFiles(waiting.pullRequest.number);
  says(
    'world',
    `pull request ${pull.number} (${pull.draft ? 'draft' : 'ready for review'}) at ${pull.head.sha.slice(0, 12)}`,
  );
  for (const file of files) quiet(`${file.status} ${file.filename}`);
  says('gate', `waits: ${waiting.run.wait.message}`);
  return waiting;
}

async function agentTriesToApprove(look, world, run, waiting) {
  scene('The agent tries to approve its own change');
  const vote = await look.voteAsAgent(run, waiting.approval.subjectDigest);
  says('agent', 'POST /api/v1/runs/…/votes with its own token');
  refused(`${vote.status} ${vote.body.code}: ${vote.body.message}`);
  const review = await look.review(
    waiting.pullRequest.number,
    world.authorAppToken,
    waiting.pullRequest.evidenceSha,
    'APPROVE',
  );
  says('agent', 'an approving review at GitHub, as the App that opened the pull request');
  refused(`${review.status} ${review.body.message}${listed(review.body.errors)}`);
}

const listed = (errors) => (Array.isArray(errors) && errors.length > 0 ? ` (${errors.map(String).join('; ')})` : '');

/** @returns whether the approval came */
async function approval(agent, look, world, run, waiting, { approve, withholdMs = 3000 }) {
  const { number, url, evidenceSha } = waiting.pullRequest;
  scene('A person decides');
  if (approve === 'withhold') {
    says('human', 'says nothing');
    const until = Date.now() + withholdMs;
    const still = await agent.follow(run, (seen) => seen.run.ended || Date.now() > until);
    says('gate', `still ${still.run.state}: ${still.run.wait?.message ?? ''}`);
    return false;
  }
  if (approve === 'click') {
    says('human', 'your turn: press Approve on the pull request, or sign in to Planwarden and approve there');
    const page = `${world.github}/ui/platform/infrastructure/pull/${number}`;
    verbatim(`${page}${page === url ? '' : ` (${url})`}`);
    quiet('there, sign in as ravi-reviewer with this token:');
    verbatim(world.reviewerToken);
    quiet('or, once you are signed in by the link that this prints, here:');
    verbatim(world.signIn('reviewer'));
    verbatim(`${world.url}/runs/${run}`);
    await agent.follow(run, (seen) => seen.run.ended || seen.run.wait?.reason !== 'approval');
    return true;
  }
  const review = await look.review(number, world.reviewerToken, evidenceSha, 'APPROVE');
  if (review.status !== 200) throw new Error(`the review was refused: ${review.status} ${review.body.message}`);
  says(
    'human',
    `${review.body.user.login} reviews: ${review.body.state} at commit ${review.body.commit_id.slice(0, 12)}`,
  );
  return true;
}

async function outcome(agent, look, run) {
  scene('Everything is read again, then exactly that commit is merged');
  const merged = await agent.follow(run, (seen) => seen.run.ended || seen.pullRequest?.mergeSha);
  if (merged.pullRequest?.mergeSha) {
    const pull = await look.pullRequest(merged.pullRequest.number);
    const commit = await look.commit(pull.merge_commit_sha);
    const isExact = commit.parents.some((parent) => parent.sha === merged.pullRequest.evidenceSha);
    says('world', `merged by ${pull.merged_by.login} as ${pull.merge_commit_sha.slice(0, 12)}`);
    if (isExact) good(`its parent is the approved commit ${merged.pullRequest.evidenceSha.slice(0, 12)}`);
    else refused('its parent is not the approved commit');
  }
  const ended = await agent.follow(
    run,
    (seen) => seen.run.ended,
    (seen) => quiet(`${seen.run.step}`),
  );
  scene('Argo CD syncs, the rollout finishes');
  const application = await look.application(NAME);
  says(
    'world',
    `application ${NAME}: ${application?.status?.sync?.status ?? 'not there'} at ${application?.status?.sync?.revision?.slice(0, 12) ?? '-'}, ${application?.status?.health?.status ?? 'unknown'}`,
  );
  const pods = await look.readyPods(NAMESPACE, NAME);
  for (const pod of pods)
    quiet(`${pod.metadata.name} ${pod.status.phase} ${pod.status.containerStatuses?.[0]?.image ?? ''}`);
  says('world', `${pods.length} pods running`);
  if (ended.run.state !== 'applied') {
    refused(`the run ended ${ended.run.state}: ${ended.run.outcome?.code}: ${ended.run.outcome?.message}`);
    return summary(agent, run);
  }
  scene('The graph knows what now exists');
  const { data: found } = await agent.call('search_infrastructure', { text: NAME, kind: 'Deployment' });
  for (const resource of found.resources ?? []) {
    says('agent', `${resource.id}`);
    quiet(`${JSON.stringify(resource.properties)} by ${resource.provenance.source} ${resource.provenance.run ?? ''}`);
    const { data: radius } = await agent.call('get_blast_radius', { id: resource.id });
    quiet(`${radius.status}: ${radius.hits.length} resources depend on it`);
  }
  good(ended.summary?.split('\n').at(-1) ?? 'applied');
  return summary(agent, run);
}

async function summary(agent, run) {
  const { data } = await agent.call('get_run', { run });
  return { run, state: data.run.state, steps: data.steps.filter(({ state }) => state === 'done').length };
}

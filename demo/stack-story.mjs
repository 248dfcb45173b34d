// The second chapter: a Terraform stack. A public bucket is refused; a small change is planned and, where there is a
// terraform or tofu, approved and applied for real.
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { good, parametersOf, quiet, refused, says, scene } from './print.mjs';

/** The first is planned by a worker; the second, where its jobs find binary and state, in the sandbox's GitHub Actions. */
const STACKS = { bucket: 'web', kept: 'motto' };
const PUBLIC_BUCKET = `terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "6.34.0" }
  }
}

resource "aws_s3_bucket_acl" "logs" {
  bucket = "shop-logs"
  acl    = "public-read"
}
`;

/** The one that PATH finds, if any; Planwarden looks the same way. */
function binary() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  const isThere = (name) =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  return ['terraform', 'tofu'].find(isThere);
}

const target = (stack, settings) => `  - name: ${stack}
    environment: staging
    repository: platform/infrastructure
    path: stacks/${stack}
    kind: terraform
    stack: ${stack}
    terraform:
      binary: ${binary() ?? 'terraform'}
      ${settings}
    owners: [owner]
`;

/** What an operator writes into planwarden.yaml: read again at once, nothing is restarted. */
function addStacks({ configFile: file, isOneProcess }) {
  const yaml = readFileSync(file, 'utf8');
  const { bucket, kept } = STACKS;
  if (yaml.includes(`stack: ${bucket}`)) return;
  const targets = [
    target(bucket, 'providers: [{ source: hashicorp/aws, version: 6.34.0 }]'),
    target(kept, `runner: ${isOneProcess && binary() !== undefined ? 'actions' : 'worker'}`),
  ].join('');
  writeFileSync(
    file,
    yaml.replace('people:', `${targets}\npeople:`).replace(/^( +targets: \[staging)\]$/m, `$1, ${bucket}, ${kept}]`),
  );
}

/**
 * @param tools what the first chapter works with: agent, look, world, options, and how a person approves
 * @returns {Promise<void>}
 * @throws Error when the change does not end as it should
 */
export async function tellOfStack({ agent, world, look, approve }) {
  // Told to a folder that only holds tokens, nobody here is the operator.
  if (!existsSync(world.configFile)) {
    quiet('The second chapter is left out: there is no planwarden.yaml here to add a Terraform stack to.');
    return;
  }
  addStacks(world);
  scene('The operator adds two Terraform stacks; the agent asks for a public bucket in the first');
  const bucket = await ask(agent, STACKS.bucket, {
    title: 'A bucket for logs',
    files: [{ path: 'logs.tf', content: PUBLIC_BUCKET }],
  });
  says('agent', 'propose_change: logs.tf, acl = "public-read"');
  const ended = await agent.follow(bucket, ({ run }) => run.ended);
  says('gate', `the run ended ${ended.run.state}: ${ended.run.outcome?.code ?? 'no code'}`);
  for (const finding of ended.findings) {
    refused(`${finding.rule} (${finding.severity}) ${finding.file ?? ''}:${finding.line ?? ''}`);
    quiet(finding.message);
    quiet(`mend: ${finding.remedy}`);
  }
  if (ended.run.state !== 'policy_failed') throw new Error(`the public bucket ended ${ended.run.state}`);

  scene('It asks for something small: a kept value, from a template');
  const parameters = { name: 'motto', value: 'ask, then act' };
  says('agent', `propose_change: terraform-data with ${parametersOf(parameters)}`);
  const run = await ask(agent, STACKS.kept, {
    title: 'Keep the motto',
    template: { name: 'terraform-data', parameters },
  });
  const waiting = await agent.follow(run, (seen) => seen.run.ended || seen.run.wait?.reason === 'approval');
  await tellJobs(look);
  for (const line of (waiting.plan?.text ?? '').split('\n').slice(0, 6)) quiet(line);
  if (waiting.run.ended) return withoutBinary(waiting);
  await approve(run, waiting);
  await applied(agent, look, run);
}

/** What GitHub Actions ran, where a stack is planned and applied there. */
async function tellJobs(look) {
  for (const { event, conclusion, head_branch: at, name } of (await look.workflowRuns()).reverse()) {
    says('world', `GitHub Actions: ${name} (${event} on ${at}): ${conclusion}`);
  }
}

async function ask(agent, target, change) {
  const asked = await agent.call('propose_change', { target, reason: 'The shop needs it.', ...change });
  if (asked.isError) throw new Error(`propose_change: ${asked.data.code}: ${asked.data.message}`);
  return asked.data.run;
}

/** Policy has read a preview; that nobody can approve one is how this ends. */
function withoutBinary({ run }) {
  if (run.outcome?.code !== 'PLAN_UNAVAILABLE') throw new Error(`the run ended ${run.state}: ${run.outcome?.message}`);
  says('gate', `the run ended ${run.state}: ${run.outcome.code}`);
  quiet(run.outcome.message);
  quiet(`mend: ${run.outcome.remedy}`);
}

async function applied(agent, look, run) {
  const ended = await agent.follow(
    run,
    (seen) => seen.run.ended,
    (seen) => quiet(`${seen.run.step}`),
  );
  if (ended.run.state !== 'applied') throw new Error(`the run ended ${ended.run.state}: ${ended.run.outcome?.message}`);
  scene('Applied first, then merged, then planned once more: nothing is left to change');
  await tellJobs(look);
  const pull = await look.pullRequest(ended.pullRequest.number);
  says('world', `merged by ${pull.merged_by.login} as ${pull.merge_commit_sha.slice(0, 12)}`);
  for (const sentence of ended.verified) good(sentence);
  const { data: found } = await agent.call('search_infrastructure', { text: 'motto', kind: 'terraform_data' });
  for (const { id, provenance } of found.resources ?? []) {
    says('agent', id);
    quiet(`by ${provenance.source} ${provenance.run ?? ''}`);
  }
}

import { cut, type Guard } from '../cut.js';

/** Of Terraform: the saved plan is what was voted on, and only Planwarden starts what applies it. */
export const STACK_GUARDS = {
  'plan-file': {
    holds: 'what is applied is the saved plan that was voted on',
    cuts: [
      cut('libs/terraform/src/plan-vault.ts', 'Buffer.from(JSON.stringify([run, round]))', `Buffer.from('')`),
      cut(
        'libs/approvals/src/confirm-plan.ts',
        `['plan.fileDigest', planned.fileDigest, now.fileDigest],`,
        `['plan.fileDigest', planned.fileDigest, planned.fileDigest],`,
      ),
      cut(
        'libs/terraform/src/stack-runner.ts',
        'if (plan.fileDigest !== approved.fileDigest || plan.digest !== approved.digest) {',
        'if (false) {',
      ),
    ],
  },
  'start-actor': {
    holds: 'a job goes on only where the release App started it',
    cuts: [
      // The job is no TypeScript source: it is changed where the repository gets it from.
      cut(
        'apps/orchestrator/src/change/terraform/actions/workflow-files.ts',
        `readFileSync(join(WORKFLOWS_FOLDER, name), 'utf8');`,
        `readFileSync(join(WORKFLOWS_FOLDER, name), 'utf8').replace(
          'if (config.GITHUB_ACTOR_ID !== config.PLANWARDEN_ACTOR_ID) throw refused("it was not started by the release App");',
          'config = { ...config, PLANWARDEN_ACTOR_ID: config.GITHUB_ACTOR_ID };',
        );`,
      ),
    ],
  },
  'sealed-plan': {
    holds: 'a job applies the plan that was voted on, whatever lies where it looks',
    cuts: [
      cut(
        'apps/orchestrator/src/change/terraform/actions/workflow-files.ts',
        `readFileSync(join(WORKFLOWS_FOLDER, name), 'utf8');`,
        `readFileSync(join(WORKFLOWS_FOLDER, name), 'utf8').replace(
          'if (plan.fileDigest !== approved.fileDigest || plan.digest !== approved.digest) throw',
          'if (false) throw',
        );`,
      ),
    ],
  },
} as const satisfies Record<string, Guard>;

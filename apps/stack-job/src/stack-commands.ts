import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PlanwardenError } from '@planwarden/contracts';
import { openSealedPlan, SEALED_PLAN, type StackFile, StackRunner, sealedAbout, sealPlan } from '@planwarden/terraform';
import { type Environment, programOf, readApply, readOpen, readPlan, type StackConfig, stateFolder } from './config.js';

type Say = (line: string) => void;

const OPENED = 'plan.opened';

/** Plans the stack and leaves the plan sealed: for the installation and for the job that applies. */
export async function planCommand(environment: Environment, say: Say): Promise<void> {
  const config = readPlan(environment);
  const { plan, planFile, version } = await runner(config, environment).plan({
    stack: config.PLANWARDEN_STACK,
    files: filesOf(config),
  });
  const sealed = sealPlan(planFile, config.PLANWARDEN_PLAN_KEYS.split(/\s+/).filter(Boolean), aboutOf(config));
  writeFileSync(join(config.RUNNER_TEMP, SEALED_PLAN), sealed, { mode: 0o600 });
  const { create, update, replace, delete: remove } = plan.summary;
  say(`planned with ${config.PLANWARDEN_BINARY} ${version}`);
  say(`${create} to create, ${update} to update, ${replace} to replace, ${remove} to delete`);
  say(`plan ${plan.digest}`);
  say(`file ${plan.fileDigest}`);
}

/** Opens the sealed plan, in a process of its own: nothing of Terraform runs beside the key. */
export async function openCommand(environment: Environment, say: Say): Promise<void> {
  const config = readOpen(environment);
  const sealed = readFileSync(join('sealed', SEALED_PLAN));
  const planFile = openSealedPlan(sealed, config.PLANWARDEN_APPLY_KEY, aboutOf(config));
  writeFileSync(join(config.RUNNER_TEMP, OPENED), planFile, { mode: 0o600 });
  say('the plan was opened');
}

/** Applies exactly the plan whose digests it is told; both are made anew from the file. */
export async function applyCommand(environment: Environment, say: Say): Promise<void> {
  const config = readApply(environment);
  const opened = join(config.RUNNER_TEMP, OPENED);
  const planFile = readFileSync(opened);
  rmSync(opened);
  const approved = { digest: config.PLANWARDEN_PLAN_DIGEST, fileDigest: config.PLANWARDEN_FILE_DIGEST };
  const state = await runner(config, environment).apply({
    ...{ stack: config.PLANWARDEN_STACK, files: filesOf(config), planFile, approved },
  });
  say(`applied ${approved.digest}; state serial ${state.serial}`);
}

const aboutOf = ({
  PLANWARDEN_RUN: run,
  PLANWARDEN_ROUND: round,
}: {
  PLANWARDEN_RUN: string;
  PLANWARDEN_ROUND: number;
}) => sealedAbout({ run, round });

function runner(config: StackConfig, environment: Environment): StackRunner {
  const workFolder = join(config.RUNNER_TEMP, 'planwarden');
  mkdirSync(workFolder, { recursive: true, mode: 0o711 });
  return new StackRunner({
    binary: programOf(config.PLANWARDEN_BINARY, environment),
    ...{ workFolder, stateFolder: stateFolder(environment) },
  });
}

/** The plain files below the folder of the stack. @throws PlanwardenError NOT_SUPPORTED for anything else */
function filesOf({ GITHUB_WORKSPACE: workspace, PLANWARDEN_PATH: path }: StackConfig): StackFile[] {
  const root = join(workspace, path);
  const walk = (folder: string): StackFile[] =>
    readdirSync(folder).flatMap((name) => {
      const whole = join(folder, name);
      const found = lstatSync(whole);
      if (found.isDirectory()) return walk(whole);
      if (found.isFile()) return [{ path: relative(root, whole), content: readFileSync(whole, 'utf8') }];
      throw new PlanwardenError('NOT_SUPPORTED', 'the stack holds something that is no plain file', {
        remedy: 'Keep plain files in the folder of a stack.',
      });
    });
  return walk(root);
}

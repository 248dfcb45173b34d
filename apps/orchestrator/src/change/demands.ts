import type { Demands, Target } from '@planwarden/contracts';
import { rulesFor } from '@planwarden/source-control';
import { changedEntries } from './branch-files.js';
import type { ChangeServices } from './change.services.js';

/**
 * What the votes must hold besides their number: roles and presence by the target, and for each changed path one of the
 * owners that CODEOWNERS names at the tip of the base branch.
 */
export async function demandsOf(
  services: Pick<ChangeServices, 'sourceControl' | 'config'>,
  target: Target,
  commits: { readonly baseSha: string; readonly codeSha: string },
): Promise<Demands> {
  return {
    presence: target.presenceVotes ?? 0,
    roles: target.quorumRoles ?? {},
    owners: await ownersOf(services, target, commits),
  };
}

async function ownersOf(
  { sourceControl, config }: Pick<ChangeServices, 'sourceControl' | 'config'>,
  target: Target,
  { baseSha, codeSha }: { readonly baseSha: string; readonly codeSha: string },
): Promise<Demands['owners']> {
  const github = sourceControl(target);
  const tip = await github.branchHead(target.baseBranch);
  const rules = await github.codeOwnersAt(tip ?? baseSha);
  if (rules.length === 0) return [];
  const paths = (await changedEntries(github, baseSha, codeSha)).map(({ path }) => path);
  const owners: Demands['owners'] = [];
  for (const rule of rulesFor(rules, paths)) {
    const known: string[] = [];
    const unknown: string[] = [];
    for (const owner of rule.owners) {
      const login = /^@([^/]+)$/.exec(owner)?.[1];
      // The name is looked up now and the person found by the number: a renamed account takes its name along.
      const id = login === undefined ? null : await github.accountId(login);
      const person = config.people().find((one) => one.github.id === id);
      if (person) known.push(person.id);
      else unknown.push(owner);
    }
    owners.push({ pattern: rule.pattern, people: known.sort(), unknown: unknown.sort() });
  }
  return owners;
}

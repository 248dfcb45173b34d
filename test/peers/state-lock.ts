import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Holds the lock of a local state as Terraform itself does, until its input ends. */
const HOLD_LOCK = `
import fcntl, sys
f = open(sys.argv[1], 'r+')
fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
print('held', flush=True)
sys.stdin.read()
`;

/** Locks a state file that is there. @returns lets it go, once or again */
export async function lockState(file: string): Promise<() => Promise<void>> {
  const holder = spawn('python3', ['-c', HOLD_LOCK, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (!String(said).startsWith('held')) throw new Error(`the state could not be locked: ${file}`);
  const gone = once(holder, 'exit');
  return async () => {
    holder.stdin.end();
    await gone;
  };
}

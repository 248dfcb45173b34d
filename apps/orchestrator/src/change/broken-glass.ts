import type { StepContext } from '@planwarden/runs';
import type { ChangeServices } from './change.services.js';

/** Writes every breaking of the glass into the journal, once: who, why and until when. */
export async function noteBrokenGlass(
  { breakGlass, runs }: Pick<ChangeServices, 'breakGlass' | 'runs'>,
  { run, note }: Pick<StepContext, 'run' | 'note'>,
): Promise<void> {
  const broken = await breakGlass.list(run.id);
  if (broken.length === 0) return;
  const told = (await runs.events(run.id)).filter(({ kind }) => kind === 'note').map(({ message }) => message);
  for (const glass of broken) {
    if (told.some((message) => message.includes(glass.id))) continue;
    await note(
      `${glass.by} broke the glass until ${glass.until} (${glass.id}, ${glass.assurance}): ${glass.reason}`,
      glass,
    );
  }
}

/**
 * What `act` answers for each item, in the order of the items, while no more than `most` are under way at a time.
 * @throws what it would have thrown one item after the other: the failure of the first item that fails; none is begun
 *   after a failure, and what is under way is waited for
 */
export async function inParallel<T, R>(most: number, items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const answers = new Array<R>(items.length);
  const failures: { readonly at: number; readonly error: unknown }[] = [];
  const left = items.entries();
  const takeTurns = async (): Promise<void> => {
    while (failures.length === 0) {
      const next = left.next();
      if (next.done) return;
      const [at, item] = next.value;
      try {
        answers[at] = await act(item);
      } catch (error) {
        failures.push({ at, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, takeTurns));
  const [first] = failures.sort((a, b) => a.at - b.at);
  if (first !== undefined) throw first.error;
  return answers;
}

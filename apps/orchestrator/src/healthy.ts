/** The health check of a container: exit code 0 when the address that is given answers 200. */
async function main(): Promise<void> {
  const url = process.argv[2] ?? '';
  const answer = await fetch(url, { signal: AbortSignal.timeout(8000) });
  const said = await answer.text();
  if (answer.ok) return;
  process.stderr.write(`${answer.status} ${said.slice(0, 500)}\n`);
  process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
});

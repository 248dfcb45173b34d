/** Only ordinary web addresses become links. */
export function safeAddress(url: string): string | undefined {
  return /^https?:\/\//.test(url) ? url : undefined;
}

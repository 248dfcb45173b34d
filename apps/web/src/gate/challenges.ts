/** What a passkey signs. Made here, from what the page shows: nobody can have another subject signed than the one read. */

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** Challenge of an approving vote: the bytes of the subject digest. */
export function voteChallenge(subjectDigest: string): string {
  const hex = subjectDigest.replace(/^sha256:/, '');
  return base64url(Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
}

/** Challenge of breaking the glass for a subject; never that of a vote. */
export async function breakGlassChallenge(subjectDigest: string): Promise<string> {
  const text = new TextEncoder().encode(`planwarden/break-glass/1\n${subjectDigest}`);
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', text)));
}

/** The pages of the product and their addresses. */
export type Route =
  | { readonly page: 'runs'; readonly state: string | null }
  | { readonly page: 'new' }
  | { readonly page: 'freezes' }
  | { readonly page: 'passkeys' }
  | { readonly page: 'run'; readonly id: string }
  | { readonly page: 'sign-in' }
  | { readonly page: 'unknown'; readonly path: string };

/** Reads an address. `search` is the query with its question mark, or empty. */
export function parseRoute(path: string, search = ''): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second] = parts;
  if (parts.length === 0 || (first === 'runs' && parts.length === 1)) {
    return { page: 'runs', state: new URLSearchParams(search).get('state') || null };
  }
  if (first === 'runs' && second !== undefined && parts.length === 2) {
    const id = decoded(second);
    return id === null ? { page: 'unknown', path } : { page: 'run', id };
  }
  if (first === 'new' && parts.length === 1) return { page: 'new' };
  if ((first === 'freezes' || first === 'passkeys') && parts.length === 1) return { page: first };
  if (first === 'sign-in' && parts.length === 1) return { page: 'sign-in' };
  return { page: 'unknown', path };
}

/** The address of a page: the inverse of parseRoute. */
export function addressOf(route: Route): string {
  switch (route.page) {
    case 'runs':
      return route.state === null ? '/runs' : `/runs?state=${encodeURIComponent(route.state)}`;
    case 'run':
      return `/runs/${encodeURIComponent(route.id)}`;
    case 'new':
      return '/new';
    case 'freezes':
      return '/freezes';
    case 'passkeys':
      return '/passkeys';
    case 'sign-in':
      return '/sign-in';
    case 'unknown':
      return route.path;
  }
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

import type { Response } from 'express';
import { isOurs, type OwnNames } from './caller.js';

/** Addresses of loopback as a Host header has them. */
const ADDRESS = /^(?:127\.0\.0\.1|\[::1\])(?=:|$)/;

/**
 * The host by name, where this server answers to that too: browsers take passkeys for names, never for addresses, and a
 * session belongs to one host.
 * @param host as in a Host header, ours @returns the same where there is no such name
 */
export function byName(host: string, names: OwnNames): string {
  const named = host.replace(ADDRESS, 'localhost');
  return isOurs(named, names) ? named : host;
}

/** Where a response carries it, once the Host header was found to be ours. */
export const PAGES_HOST = 'pagesHost';

/** Under which host people open the pages that this request is about. */
export const pagesHostOf = (response: Response): string => String(response.locals[PAGES_HOST]);

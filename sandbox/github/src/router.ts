import type { Contract } from './contract.js';
import type { Route } from './http-kit.js';

export type Operation = ReturnType<Contract['operation']>;
export interface Match {
  route: Route;
  operation: Operation;
  params: Record<string, string>;
}

/** Names whose values hold slashes; clients send them plain or encoded. */
const LONG = new Set(['ref', 'path', 'branch', 'basehead', 'sha']);

interface Compiled {
  route: Route;
  operation: Operation;
  names: string[];
  pattern: RegExp;
}

/** Finds routes by method and undecoded path. The first that matches wins: the narrower one is listed first. */
export class Router {
  private readonly compiled: Compiled[];

  constructor(contract: Contract, routes: readonly Route[]) {
    this.compiled = routes.map((route) => {
      const names: string[] = [];
      const source = route.path.replace(/\/\{([a-z_]+)\}/g, (_whole, name: string) => {
        names.push(name);
        if (name === 'path') return '(?:/(.*))?';
        return LONG.has(name) ? '/(.+)' : '/([^/]+)';
      });
      return {
        route,
        operation: contract.operation(route.method, route.path),
        names,
        pattern: new RegExp(`^${source}$`),
      };
    });
  }

  find(method: string, path: string): Match | undefined {
    for (const { route, operation, names, pattern } of this.compiled) {
      const match = route.method === method ? pattern.exec(path) : null;
      if (!match) continue;
      try {
        const params = Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1] ?? '')]));
        return { route, operation, params };
      } catch {
        return undefined;
      }
    }
    return undefined;
  }
}

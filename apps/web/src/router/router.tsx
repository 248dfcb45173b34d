import { createContext, type MouseEvent, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { addressOf, parseRoute, type Route } from './route.js';

interface Router {
  readonly route: Route;
  /** Counts navigations; zero is the page the browser loaded itself. */
  readonly visit: number;
  readonly go: (route: Route, how?: 'push' | 'replace') => void;
}

const RouterContext = createContext<Router | null>(null);

const currentRoute = (): Route => parseRoute(window.location.pathname, window.location.search);

export function RouterProvider({ children }: { readonly children: ReactNode }) {
  const [at, setAt] = useState(() => ({ route: currentRoute(), visit: 0 }));
  useEffect(() => {
    const follow = () => setAt((before) => ({ route: currentRoute(), visit: before.visit + 1 }));
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);
  const router = useMemo<Router>(
    () => ({
      ...at,
      go: (route, how = 'push') => {
        if (how === 'push') window.history.pushState(null, '', addressOf(route));
        else window.history.replaceState(null, '', addressOf(route));
        window.scrollTo(0, 0);
        setAt((before) => ({ route, visit: before.visit + 1 }));
      },
    }),
    [at],
  );
  return <RouterContext value={router}>{children}</RouterContext>;
}

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (router === null) throw new Error('useRouter stands outside RouterProvider');
  return router;
}

interface LinkProps {
  readonly to: Route;
  readonly className?: string;
  readonly current?: boolean;
  readonly children: ReactNode;
}

/** An ordinary link that does not load the page anew; a new tab or window works as with any link. */
export function Link({ to, className, current, children }: LinkProps) {
  const { go } = useRouter();
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={addressOf(to)} className={className} aria-current={current ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}

import type { SessionView } from '@planwarden/contracts';
import type { ReactNode } from 'react';
import { useSignOut } from '../api/queries.js';
import { GateBanner } from '../gate/gate-banner.js';
import { Link, useRouter } from '../router/router.js';

interface ShellProps {
  readonly session: SessionView | null;
  readonly children: ReactNode;
}

/** What stands around every page. */
export function Shell({ session, children }: ShellProps) {
  const { route } = useRouter();
  const signOut = useSignOut();
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="masthead">
        <div className="masthead__inner">
          <Link to={{ page: 'runs', state: null }} className="wordmark">
            <GateMark />
            <span>planwarden</span>
          </Link>
          {session === null ? null : (
            <>
              <nav className="masthead__nav" aria-label="Main">
                <Link to={{ page: 'runs', state: null }} current={route.page === 'runs'}>
                  Runs
                </Link>
                <Link to={{ page: 'new' }} current={route.page === 'new'}>
                  New request
                </Link>
                <Link to={{ page: 'freezes' }} current={route.page === 'freezes'}>
                  Freezes
                </Link>
                <Link to={{ page: 'passkeys' }} current={route.page === 'passkeys'}>
                  Passkeys
                </Link>
              </nav>
              <div className="masthead__person">
                <span>
                  <span className="visually-hidden">Signed in as </span>
                  {session.person.name}
                </span>
                <button
                  type="button"
                  className="button button--quiet"
                  disabled={signOut.isPending}
                  onClick={() => signOut.mutate()}
                >
                  Sign out
                </button>
              </div>
            </>
          )}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {session === null ? null : <GateBanner />}
        {children}
      </main>
    </>
  );
}

function GateMark() {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
      <path d="M4 21V10a8 8 0 0 1 16 0v11M9 21V9.500M15 21V9.500M4 15h16" />
    </svg>
  );
}

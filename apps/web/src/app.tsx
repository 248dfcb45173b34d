import type { SessionView } from '@planwarden/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { errorBodyOf, isSignedOut } from './api/api-error.js';
import { keys, useSession } from './api/queries.js';
import { FreezesPage } from './pages/freezes.page.js';
import { PasskeysPage } from './pages/passkeys.page.js';
import { RunPage } from './pages/run.page.js';
import { RunsPage } from './pages/runs.page.js';
import { Shell } from './pages/shell.js';
import { SignInPage } from './pages/sign-in.page.js';
import { SignedOutPage } from './pages/signed-out.page.js';
import { UnknownPage } from './pages/unknown.page.js';
import { useRouter } from './router/router.js';
import { ErrorBoundary } from './ui/error-boundary.js';
import { ErrorBox } from './ui/error-box.js';
import { Loading } from './ui/loading.js';

// Forms are half of the code and one page: read when it is opened.
const NewRequestPage = lazy(async () => {
  const { NewRequestPage: page } = await import('./pages/new-request.page.js');
  return { default: page };
});

export function App() {
  const { route, visit } = useRouter();
  const session = useSession(route.page !== 'sign-in');
  useSignedOutElsewhere();
  const person = session.data ?? null;
  return (
    <Shell session={person}>
      <ErrorBoundary key={visit}>{pageFor()}</ErrorBoundary>
    </Shell>
  );

  function pageFor(): ReactNode {
    if (route.page === 'sign-in') return <SignInPage />;
    if (session.isPending) return <Loading what="who is signed in" />;
    if (session.data === undefined) {
      return (
        <ErrorBox error={errorBodyOf(session.error)}>
          <button type="button" className="button" onClick={() => void session.refetch()}>
            Try again
          </button>
        </ErrorBox>
      );
    }
    if (person === null) return <SignedOutPage />;
    switch (route.page) {
      case 'runs':
        return <RunsPage state={route.state} />;
      case 'new':
        return (
          <Suspense fallback={<Loading what="the form" />}>
            <NewRequestPage session={person} />
          </Suspense>
        );
      case 'freezes':
        return <FreezesPage />;
      case 'passkeys':
        return <PasskeysPage />;
      case 'run':
        return <RunPage key={route.id} id={route.id} session={person} />;
      default:
        return <UnknownPage path={route.path} />;
    }
  }
}

/** A session that ended (12 hours, signed out in another window) is found by whichever call meets it first. */
function useSignedOutElsewhere(): void {
  const client = useQueryClient();
  useEffect(() => {
    const meet = (error: unknown) => {
      if (isSignedOut(error)) client.setQueryData<SessionView | null>(keys.session, null);
    };
    const stopQueries = client.getQueryCache().subscribe(({ query }) => meet(query.state.error));
    const stopMutations = client.getMutationCache().subscribe(({ mutation }) => meet(mutation?.state.error));
    return () => {
      stopQueries();
      stopMutations();
    };
  }, [client]);
}

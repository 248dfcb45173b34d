import type { SessionView } from '@planwarden/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { call } from '../api/http.js';
import { keys } from '../api/queries.js';
import { useRouter } from '../router/router.js';
import { ErrorBox } from '../ui/error-box.js';
import { Loading } from '../ui/loading.js';
import { PageHeading } from '../ui/page-heading.js';
import { HowToSignIn } from './signed-out.page.js';

/** Each link is spent once, however often React mounts the page. */
const spending = new Map<string, Promise<SessionView>>();

function spend(token: string): Promise<SessionView> {
  const begun = spending.get(token) ?? call<SessionView>('/api/v1/session', { method: 'POST', body: { token } });
  spending.set(token, begun);
  return begun;
}

/**
 * Where a sign-in link lands. The token stands after the #, which no browser sends to a server, and this page posts
 * it: whoever only fetches the link (a previewer, a proxy, a log) neither sees nor spends it.
 */
export function SignInPage() {
  const { go } = useRouter();
  const client = useQueryClient();
  const [token] = useState(() => window.location.hash.slice(1));
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (token === '') return;
    let isHere = true;
    // Out of the address bar and the history before anything else.
    window.history.replaceState(null, '', '/sign-in');
    spend(token).then(
      (session) => {
        client.setQueryData(keys.session, session);
        if (isHere) go({ page: 'runs', state: null }, 'replace');
      },
      (thrown: unknown) => {
        if (isHere) setError(thrown);
      },
    );
    return () => {
      isHere = false;
    };
  }, [token, client, go]);

  return (
    <section className="narrow">
      <PageHeading title="Sign in" />
      {token === '' ? (
        <p>This address works only as a whole link: the part after the # is missing.</p>
      ) : error === null ? (
        <Loading what="the link" />
      ) : (
        <ErrorBox error={errorBodyOf(error)} takesFocus />
      )}
      {token === '' || error !== null ? <HowToSignIn /> : null}
    </section>
  );
}

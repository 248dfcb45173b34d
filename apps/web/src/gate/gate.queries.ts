import type {
  BreakGlass,
  BreakGlassRequest,
  Enrolled,
  Enrolment,
  Freeze,
  FreezeList,
  FreezeRequest,
  PasskeyList,
} from '@planwarden/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../api/http.js';
import { keys, useCsrf } from '../api/queries.js';
import { assertPresence, makePasskey } from './passkey.js';

const FREEZES = ['freezes'] as const;
const PASSKEYS = ['passkeys'] as const;
/** Milliseconds: how late a page may learn that applies are frozen. */
const LOOK_MS = 15_000;

export function useFreezes() {
  return useQuery({
    queryKey: FREEZES,
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => call<FreezeList>('/api/v1/freezes', { signal }),
  });
}

function useFreezeAction<T, A>(act: (asked: A, csrfToken: string | undefined) => Promise<T>) {
  const client = useQueryClient();
  const csrf = useCsrf();
  return useMutation({
    mutationFn: (asked: A) => act(asked, csrf()),
    onSettled: () => client.invalidateQueries({ queryKey: FREEZES }),
  });
}

export const useFreeze = () =>
  useFreezeAction((body: FreezeRequest, csrfToken) =>
    call<Freeze>('/api/v1/freezes', { method: 'POST', body, csrfToken }),
  );
export const useLift = () =>
  useFreezeAction(({ id, reason }: { readonly id: string; readonly reason: string }, csrfToken) =>
    call<Freeze>(`/api/v1/freezes/${encodeURIComponent(id)}/lift`, { method: 'POST', body: { reason }, csrfToken }),
  );

export function useBreakGlass(run: string) {
  const client = useQueryClient();
  const csrf = useCsrf();
  return useMutation({
    mutationFn: (body: BreakGlassRequest) =>
      call<BreakGlass>(`/api/v1/runs/${encodeURIComponent(run)}/break-glass`, {
        method: 'POST',
        body,
        csrfToken: csrf(),
      }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: FREEZES });
      await client.invalidateQueries({ queryKey: keys.run(run) });
    },
  });
}

export function usePasskeys() {
  return useQuery({
    queryKey: PASSKEYS,
    queryFn: ({ signal }) => call<PasskeyList>('/api/v1/passkeys', { signal }),
  });
}

/** Ids of the person's passkeys that count. */
export const countingIds = (list: PasskeyList | undefined): string[] =>
  (list?.passkeys ?? []).filter((one) => one.counts).map((one) => one.credentialId);

/** Makes and enrols a passkey; a further one after the assertion of one there is. */
export function useEnrol(list: PasskeyList | undefined) {
  const client = useQueryClient();
  const csrf = useCsrf();
  return useMutation({
    mutationFn: async () => {
      const csrfToken = csrf();
      const begun = await call<Enrolment>('/api/v1/passkeys/enrolments', { method: 'POST', body: {}, csrfToken });
      const { challenge } = begun;
      const old = countingIds(list);
      const assertion = old.length === 0 ? {} : { assertion: await assertPresence(challenge, old) };
      const registration = await makePasskey(begun);
      const body = { challenge, registration, ...assertion };
      return call<Enrolled>('/api/v1/passkeys', { method: 'POST', body, csrfToken });
    },
    onSettled: () => client.invalidateQueries({ queryKey: PASSKEYS }),
  });
}

export function useRevoke() {
  const client = useQueryClient();
  const csrf = useCsrf();
  return useMutation({
    mutationFn: (id: string) =>
      call<void>(`/api/v1/passkeys/${encodeURIComponent(id)}`, { method: 'DELETE', csrfToken: csrf() }),
    onSettled: () => client.invalidateQueries({ queryKey: PASSKEYS }),
  });
}

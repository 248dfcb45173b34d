import type {
  ChangeRequest,
  RunDetail,
  RunEvent,
  RunList,
  RunSummary,
  SessionView,
  TargetView,
  TemplateDetail,
  TemplateSummary,
  VoteRequest,
} from '@planwarden/contracts';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { isSignedOut } from './api-error.js';
import { call } from './http.js';

/** Names of what the page remembers. */
export const keys = {
  session: ['session'] as const,
  runs: ['runs'] as const,
  run: (id: string) => ['run', id] as const,
  log: (id: string) => ['log', id] as const,
};

const runPath = (id: string, rest = ''): string => `/api/v1/runs/${encodeURIComponent(id)}${rest}`;

/**
 * Who is signed in; null: nobody.
 * @param isAsked false while a link is being spent: an answer from before must not come in after the new session
 */
export function useSession(isAsked: boolean) {
  return useQuery({
    queryKey: keys.session,
    enabled: isAsked,
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<SessionView | null> => {
      try {
        return await call<SessionView>('/api/v1/session', { signal });
      } catch (error) {
        if (isSignedOut(error)) return null;
        throw error;
      }
    },
  });
}

export function useCsrf(): () => string | undefined {
  const client = useQueryClient();
  return () => client.getQueryData<SessionView | null>(keys.session)?.csrfToken;
}

export function useSignOut() {
  const client = useQueryClient();
  const csrf = useCsrf();
  return useMutation({
    mutationFn: () => call<void>('/api/v1/session', { method: 'DELETE', csrfToken: csrf() }),
    onSuccess: () => {
      client.setQueryData(keys.session, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.session[0] });
    },
  });
}

export function useTargets() {
  return useQuery({
    queryKey: ['targets'],
    queryFn: ({ signal }) => call<{ targets: TargetView[] }>('/api/v1/targets', { signal }),
    select: (answer) => answer.targets,
  });
}

export function useTemplates() {
  return useQuery({
    queryKey: ['templates'],
    queryFn: ({ signal }) => call<{ templates: TemplateSummary[] }>('/api/v1/templates', { signal }),
    select: (answer) => answer.templates,
  });
}

export function useTemplate(name: string) {
  return useQuery({
    queryKey: ['template', name],
    enabled: name !== '',
    queryFn: ({ signal }) => call<TemplateDetail>(`/api/v1/templates/${encodeURIComponent(name)}`, { signal }),
  });
}

export function useRuns(state: string | null, pollMs: number | false) {
  return useInfiniteQuery({
    queryKey: [...keys.runs, state],
    initialPageParam: null as string | null,
    refetchInterval: pollMs,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: '25' });
      if (state !== null) query.set('state', state);
      if (pageParam !== null) query.set('cursor', pageParam);
      return call<RunList>(`/api/v1/runs?${query}`, { signal });
    },
    getNextPageParam: (last) => last.next,
  });
}

export function useRun(id: string, pollMs: number | false) {
  return useQuery({
    queryKey: keys.run(id),
    refetchInterval: pollMs,
    queryFn: ({ signal }) => call<RunDetail>(runPath(id), { signal }),
  });
}

export function useRunLog(id: string, pollMs: number | false) {
  return useQuery({
    queryKey: keys.log(id),
    refetchInterval: pollMs,
    queryFn: async ({ signal }) => (await call<{ events: RunEvent[] }>(runPath(id, '/log'), { signal })).events,
  });
}

export function useProposeChange() {
  const csrf = useCsrf();
  return useMutation({
    mutationFn: (body: ChangeRequest) => call<RunSummary>('/api/v1/runs', { method: 'POST', body, csrfToken: csrf() }),
  });
}

/** Every answer to these, also a refusal, means that the page may be stale: the run is read again. */
function useRunAction<T, A>(id: string, path: string) {
  const client = useQueryClient();
  const csrf = useCsrf();
  return useMutation({
    mutationFn: (body: A) => call<T>(runPath(id, path), { method: 'POST', body, csrfToken: csrf() }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.run(id) }),
  });
}

export const useVote = (id: string) => useRunAction<{ vote: string }, VoteRequest>(id, '/votes');
export const useDiscard = (id: string) => useRunAction<RunSummary, { reason: string }>(id, '/discard');
export const useReleaseLocks = (id: string) =>
  useRunAction<{ released: string[] }, { reason: string }>(id, '/release-locks');
export const useCancel = (id: string) => useRunAction<RunSummary, { reason: string }>(id, '/cancel');

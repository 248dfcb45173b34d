import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/api-error.js';
import { App } from './app.js';
import { RouterProvider } from './router/router.js';
import { Announcer } from './ui/announcer.js';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      // A refusal stays one; only an answer that never came is worth asking for again.
      retry: (count, error) => count < 2 && error instanceof ApiError && error.status === 0,
    },
  },
});

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider>
          <Announcer>
            <App />
          </Announcer>
        </RouterProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}

import type { Route } from './http-kit.js';
import { accountRoutes } from './routes/account.routes.js';
import { actionsRoutes } from './routes/actions.routes.js';
import { checkRoutes } from './routes/check.routes.js';
import { commentRoutes } from './routes/comment.routes.js';
import { commitRoutes } from './routes/commit.routes.js';
import { contentRoutes } from './routes/content.routes.js';
import { gitObjectRoutes } from './routes/git-object.routes.js';
import { gitRefRoutes } from './routes/git-ref.routes.js';
import { pullRoutes } from './routes/pull.routes.js';
import { pullChangeRoutes } from './routes/pull-change.routes.js';
import { repositoryRoutes } from './routes/repository.routes.js';
import { reviewRoutes } from './routes/review.routes.js';

/** Every REST route. Of two that match, the first wins: checks stand before commits, whose `{ref}` takes slashes. */
export const restRoutes: readonly Route[] = [
  ...accountRoutes,
  ...actionsRoutes,
  ...repositoryRoutes,
  ...gitRefRoutes,
  ...gitObjectRoutes,
  ...contentRoutes,
  ...checkRoutes,
  ...commitRoutes,
  ...pullChangeRoutes,
  ...reviewRoutes,
  ...pullRoutes,
  ...commentRoutes,
];

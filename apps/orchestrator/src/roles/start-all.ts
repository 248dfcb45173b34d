import { banner } from '../banner.js';
import { startEmbedded } from '../embedded/start-embedded.js';
import { removeAddress, writeAddress } from './address-file.js';
import type { RoleOptions, StartedRole } from './role.js';

/** Everything in one process, on embedded defaults unless planwarden.yaml names something else. */
export async function startAll({ config, log, sinceStart, onGone }: RoleOptions): Promise<StartedRole> {
  const embedded = await startEmbedded({
    config,
    log,
    onDatabaseGone: () =>
      onGone('DATABASE_UNAVAILABLE: the embedded database ended by itself. Start again; nothing recorded is lost.'),
  });
  const { http, app, github, kubernetes } = embedded;
  writeAddress(config, { url: http.url, sandbox: { github: github.url, kubernetes: kubernetes.url } });
  const person = config.people[0]?.id ?? '';
  const link = `${http.pagesUrl}/sign-in#${await app.sessions.createLink(person)}`;
  const readyMs = Math.round(sinceStart());
  log.info({ url: http.url }, 'ready');
  return {
    words: banner({ config, url: http.url, pagesUrl: http.pagesUrl, githubUrl: github.url, link, person, readyMs }),
    close: async () => {
      await embedded.close();
      removeAddress(config);
    },
  };
}

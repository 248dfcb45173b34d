import { Link } from '../router/router.js';
import { Time } from '../ui/time.js';
import { sentence } from '../words/run-words.js';
import { useFreezes } from './gate.queries.js';
import { GlassUntil } from './glass-until.js';

/** On every page while something of the gate is out of the ordinary: what is frozen, and for which run the glass is broken. */
export function GateBanner() {
  const { data } = useFreezes();
  const active = (data?.freezes ?? []).filter((freeze) => freeze.active);
  const broken = data?.brokenGlass ?? [];
  if (active.length === 0 && broken.length === 0) return null;
  return (
    <section className="gate-banner" aria-label="Freezes and broken glass">
      {active.map((freeze) => (
        <p key={freeze.id} className="gate-banner__line gate-banner__line--frozen">
          <strong>
            {freeze.environment === null ? 'All applies are frozen' : `Applies to ${freeze.environment} are frozen`}
          </strong>{' '}
          by {freeze.by}
          {freeze.until === null ? '' : ', ends '}
          {freeze.until === null ? null : <Time at={freeze.until} />}: {sentence(freeze.reason, false)}{' '}
          <Link to={{ page: 'freezes' }}>Freezes</Link>
        </p>
      ))}
      {broken.map((glass) => (
        <p key={glass.id} className="gate-banner__line gate-banner__line--broken">
          <strong>{glass.by} broke the glass</strong> for <Link to={{ page: 'run', id: glass.run }}>one run</Link>{' '}
          <GlassUntil at={glass.until} />: {sentence(glass.reason, false)}
        </p>
      ))}
    </section>
  );
}

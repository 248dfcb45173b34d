import type { Facts, RunDetail } from '@planwarden/contracts';
import { nodeName, reachedBy } from './blast-paths.js';
import { nameOf, nodeIdOf } from './plan-order.js';

/** What the change reaches, and how sure that is. "Nothing depends on it" is said only of what the graph knows. */
export function BlastRadiusPanel({ detail }: { readonly detail: RunDetail }) {
  const { facts, plan } = detail;
  return (
    <section className="panel" aria-labelledby="blast-heading">
      <h2 id="blast-heading">Blast radius</h2>
      {facts === null ? (
        <p className="quiet">The surroundings have not been read yet.</p>
      ) : (
        <Radius facts={facts} changed={(plan?.kind === 'manifest-plan/1' ? plan.objects : []).map(nodeIdOf)} />
      )}
    </section>
  );
}

function Radius({ facts, changed }: { readonly facts: Facts; readonly changed: readonly string[] }) {
  const reached = reachedBy(facts, changed);
  const { notTracked, affected } = facts.blastRadius;
  const { coverage } = facts;
  return (
    <>
      <p>
        {affected === 0
          ? 'Nothing the graph knows depends on what this change touches.'
          : `${affected} existing ${affected === 1 ? 'resource is' : 'resources are'} affected.`}
      </p>
      {reached.length === 0 ? null : (
        <ul className="reach">
          {reached.map(({ node, how, path }) => (
            <li key={node.id}>
              <span className="reach__name">
                <strong>{node.kind}</strong> <code>{nameOf(node)}</code>
              </span>
              <span className={`reach__how reach__how--${how}`}>
                {how === 'touched' ? 'changed itself' : 'reached'}
              </span>
              {path.length > 0 ? (
                <ol className="reach__path" aria-label={`How the change reaches ${node.kind} ${nameOf(node)}`}>
                  {path.map((step) => (
                    <li key={step}>{step}</li>
                  ))}
                </ol>
              ) : how === 'reached' ? (
                <span className="quiet">no path recorded</span>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {notTracked.length === 0 ? null : (
        <div className="not-tracked">
          <h3>Not tracked</h3>
          <p>
            The graph has never seen these, so what depends on them is unknown. That is to be expected of what this
            change creates.
          </p>
          <ul>
            {notTracked.map((id) => (
              <li key={id}>
                <code>{nodeName(id)}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
      <details className="fold">
        <summary>
          What was read{coverage.kindsFailed.length > 0 ? `, and ${coverage.kindsFailed.length} that could not be` : ''}
        </summary>
        <p>
          Cluster {coverage.cluster}, namespaces {coverage.namespacesRead.join(', ') || 'none'}; kinds{' '}
          {coverage.kindsRead.join(', ') || 'none'}. Snapshot <code>{facts.snapshot}</code>.
        </p>
        {coverage.kindsFailed.map(({ kind, reason }) => (
          <p key={kind} className="warn">
            {kind} could not be read: {reason}
          </p>
        ))}
      </details>
    </>
  );
}

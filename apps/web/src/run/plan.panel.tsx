import type { Finding, ManifestPlan, Plan, PlannedObject, RunDetail } from '@planwarden/contracts';
import { shortDigest } from '../words/run-words.js';
import { diffLines, fieldName, nameOf, riskyFirst } from './plan-order.js';
import { TerraformPlanView } from './terraform-plan.view.js';

/** Changes an object may show before it is folded. */
const SHORT_DIFF = 6;
const ACTION_WORDS = { create: 'create', update: 'update', delete: 'delete', 'no-op': 'unchanged' } as const;

export function PlanPanel({ detail }: { readonly detail: RunDetail }) {
  const { plan, findings, files } = detail;
  return (
    <section className="panel" aria-labelledby="plan-heading">
      <h2 id="plan-heading">Plan</h2>
      {plan === null ? (
        <p className="quiet">{detail.run.ended ? 'The run ended before there was a plan.' : 'There is no plan yet.'}</p>
      ) : (
        <PlanOfKind plan={plan} findings={findings} />
      )}
      {files.length === 0 ? null : (
        <details className="fold">
          <summary>
            {files.length} {files.length === 1 ? 'file' : 'files'} of the change
          </summary>
          {files.map((file) => (
            <details key={file.path} className="fold fold--inner">
              <summary>
                <code>{file.path}</code>
                {file.content === null ? ' (deleted)' : ''}
              </summary>
              {file.content === null ? null : <pre>{file.content}</pre>}
            </details>
          ))}
        </details>
      )}
    </section>
  );
}

function PlanOfKind({ plan, findings }: { readonly plan: Plan; readonly findings: readonly Finding[] }) {
  if (plan.kind !== 'manifest-plan/1') return <TerraformPlanView plan={plan} />;
  return <ManifestPlanView plan={plan} findings={findings} />;
}

function ManifestPlanView({ plan, findings }: { readonly plan: ManifestPlan; readonly findings: readonly Finding[] }) {
  const { create, update, delete: remove, noop } = plan.summary;
  const objects = riskyFirst(plan.objects, findings);
  return (
    <>
      <p className="plan__summary">
        <span className={remove > 0 ? 'count count--delete' : 'count'}>{remove} to delete</span>
        <span className={update > 0 ? 'count count--update' : 'count'}>{update} to update</span>
        <span className={create > 0 ? 'count count--create' : 'count'}>{create} to create</span>
        <span className="count">{noop} unchanged</span>
        <span className="quiet">
          plan <code title={plan.digest}>{shortDigest(plan.digest)}</code>
        </span>
      </p>
      <ul className="plan__objects">
        {objects.map((object) => (
          <PlannedRow key={`${object.group}/${object.kind}/${nameOf(object)}`} object={object} />
        ))}
      </ul>
    </>
  );
}

function PlannedRow({ object }: { readonly object: PlannedObject }) {
  const { diff } = object;
  const lines = diff.flatMap(diffLines).length;
  return (
    <li className="planned">
      <p className="planned__head">
        <span className={`action action--${object.action}`}>{ACTION_WORDS[object.action]}</span>
        <span>
          <strong>{object.kind}</strong> <code>{nameOf(object)}</code>
        </span>
        {object.desiredFrom === 'rendered' && object.action !== 'no-op' && object.action !== 'delete' ? (
          <span className="quiet">not dry-run</span>
        ) : null}
      </p>
      {diff.length === 0 ? null : (
        <details className="fold" open={diff.length <= SHORT_DIFF && lines <= SHORT_DIFF * 3}>
          <summary>
            {diff.length} {diff.length === 1 ? 'field' : 'fields'}
            <span className="visually-hidden">
              {' '}
              of {object.kind} {nameOf(object)}
            </span>
          </summary>
          <dl className="diff">
            {diff.map((change) => (
              <div key={`${change.op} ${change.path}`} className="diff__change">
                <dt>
                  <code>{fieldName(change.path)}</code>
                </dt>
                <dd>
                  {diffLines(change).map((line, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text, never moved
                    <code key={index} className={line.sign === '+' ? 'line line--add' : 'line line--remove'}>
                      <span className="line__sign">{line.sign}</span>
                      {line.text}
                    </code>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

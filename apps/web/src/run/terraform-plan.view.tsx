import type { PlannedResource, TerraformPlan, TerraformPreview } from '@planwarden/contracts';
import { shortDigest } from '../words/run-words.js';
import { changedValues, isShown, riskOf } from './terraform-order.js';

/** Values a resource may show before it is folded, and resources a plan may show before the harmless rest is. */
const SHORT = 6;
const FEW = 12;
const WORDS: Readonly<Record<PlannedResource['action'], string>> = {
  'no-op': 'unchanged',
  create: 'create',
  read: 'read',
  update: 'update',
  delete: 'delete',
  replace: 'replace',
  forget: 'forget',
};

/** A Terraform plan, what destroys first. */
export function TerraformPlanView({ plan }: { readonly plan: TerraformPlan | TerraformPreview }) {
  const { create, update, delete: remove, replace, noop } = plan.summary;
  const shown = plan.resources.filter(isShown);
  const resources = [...shown].sort((a, b) => riskOf(a) - riskOf(b) || (a.address < b.address ? -1 : 1));
  const [first, rest] = folded(resources);
  const drift = plan.kind === 'terraform-plan/1' ? plan.drift : [];
  return (
    <>
      {plan.kind === 'terraform-plan/1' ? null : (
        <p className="notice">
          A preview made from the files alone, without state and providers. Nobody can vote on it and nothing is applied
          from it.
        </p>
      )}
      <p className="plan__summary">
        <span className={remove > 0 ? 'count count--delete' : 'count'}>{remove} to delete</span>
        <span className={replace > 0 ? 'count count--delete' : 'count'}>{replace} to replace</span>
        <span className={update > 0 ? 'count count--update' : 'count'}>{update} to update</span>
        <span className={create > 0 ? 'count count--create' : 'count'}>{create} to create</span>
        <span className="count">{noop} unchanged</span>
        <span className="quiet">
          plan <code title={plan.digest}>{shortDigest(plan.digest)}</code>
        </span>
      </p>
      {drift.length === 0 ? null : <p className="quiet">Changed outside of Terraform: {drift.join(', ')}</p>}
      <Resources resources={first} />
      {rest.length === 0 ? null : (
        <details className="fold">
          <summary>
            {rest.length} more {rest.length === 1 ? 'resource' : 'resources'}
          </summary>
          <Resources resources={rest} />
        </details>
      )}
    </>
  );
}

/** What destroys is never folded away. */
function folded(resources: readonly PlannedResource[]): [readonly PlannedResource[], readonly PlannedResource[]] {
  const risky = resources.filter((one) => riskOf(one) <= riskOf({ action: 'forget' })).length;
  const end = resources.length <= FEW ? resources.length : Math.max(FEW, risky);
  return [resources.slice(0, end), resources.slice(end)];
}

function Resources({ resources }: { readonly resources: readonly PlannedResource[] }) {
  return (
    <ul className="plan__objects">
      {resources.map((resource) => (
        <ResourceRow key={resource.address} resource={resource} />
      ))}
    </ul>
  );
}

function ResourceRow({ resource }: { readonly resource: PlannedResource }) {
  const values = changedValues(resource);
  return (
    <li className="planned">
      <p className="planned__head">
        <span className={`action action--${resource.action === 'replace' ? 'delete' : resource.action}`}>
          {WORDS[resource.action]}
        </span>
        <code>{resource.address}</code>
      </p>
      {resource.importedAs === undefined ? null : (
        <p className="quiet">
          Taken into the state: <code>{resource.importedAs}</code>
        </p>
      )}
      {resource.movedFrom === undefined ? null : (
        <p className="quiet">
          Moved from <code>{resource.movedFrom}</code>
        </p>
      )}
      {values.length === 0 ? null : (
        <details className="fold" open={values.length <= SHORT}>
          <summary>
            {values.length} {values.length === 1 ? 'value' : 'values'}
            <span className="visually-hidden"> of {resource.address}</span>
          </summary>
          <dl className="diff">
            {values.map(({ name, before, after }) => (
              <div key={name} className="diff__change">
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>
                  {before === null ? null : <Line sign="-" text={before} />}
                  {after === null ? null : <Line sign="+" text={after} />}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

function Line({ sign, text }: { readonly sign: '+' | '-'; readonly text: string }) {
  return (
    <code className={sign === '+' ? 'line line--add' : 'line line--remove'}>
      <span className="line__sign">{sign}</span>
      {text}
    </code>
  );
}

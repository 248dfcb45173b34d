import type { ChangeRequest, SessionView, TargetView, TemplateDetail } from '@planwarden/contracts';
import Form from '@rjsf/core';
import { type ReactNode, useId, useMemo, useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { useProposeChange, useTargets, useTemplate, useTemplates } from '../api/queries.js';
import { fieldErrorsOf } from '../form/field-errors.js';
import { FORM_TEMPLATES } from '../form/form-theme.js';
import { formValidator } from '../form/form-validator.js';
import {
  hasField,
  OWN_FILES,
  ownFilesSchema,
  PULL_REQUEST,
  pullRequestSchema,
  REQUEST_UI,
  type RequestForm,
  requestSchema,
} from '../form/request-schema.js';
import { useRouter } from '../router/router.js';
import { ErrorBox } from '../ui/error-box.js';
import { Loading } from '../ui/loading.js';
import { PageHeading } from '../ui/page-heading.js';

/** What can be asked for hangs on the persona of who asks: a change, a review, or nothing. */
export function NewRequestPage({ session }: { readonly session: SessionView }) {
  const { name, strategy } = session.persona;
  return (
    <section className="request">
      <PageHeading title="New request" />
      {strategy === 'report' ? (
        <p className="lead">
          As {name} you look, explain and decide on what others ask for. To ask for a change or a review yourself, have
          the operator give you another persona in planwarden.yaml.
        </p>
      ) : (
        <RequestOf strategy={strategy} />
      )}
    </section>
  );
}

const LEAD = {
  change:
    'Ask for a change. It is planned, judged by policy and put before people; nothing is applied before they approve, and your own vote does not count.',
  review:
    'Ask for a review. Files, or a pull request at one commit, are judged by the same rules; the findings are the answer, and stand on the pull request as one review. Nothing is changed, and it is nobody’s vote.',
} as const;

function RequestOf({ strategy }: { readonly strategy: 'change' | 'review' }) {
  const isReview = strategy === 'review';
  const { go } = useRouter();
  const targets = useTargets();
  const templates = useTemplates();
  const [chosenTarget, setTarget] = useState('');
  const [chosenTemplate, setTemplate] = useState('');
  // Where there is only one, there is nothing to choose.
  const target = chosenTarget || (targets.data?.length === 1 ? (targets.data[0]?.name ?? '') : '');
  // A target takes templates of its own kind.
  const kind = targets.data?.find((one) => one.name === target)?.kind;
  const offered = isReview ? [] : (templates.data ?? []).filter((one) => kind === undefined || one.kind === kind);
  const given = [PULL_REQUEST, OWN_FILES].find((one) => one === chosenTemplate);
  const chosen = given ?? offered.find((one) => one.name === chosenTemplate)?.name ?? '';
  const templateName = chosen || (offered.length === 1 ? (offered[0]?.name ?? '') : '');
  const template = useTemplate(given === undefined ? templateName : '');
  const propose = useProposeChange();
  const [data, setData] = useState<RequestForm>({});
  const view = targets.data?.find((one) => one.name === target);
  const schema = useMemo(() => {
    if (given === OWN_FILES) return ownFilesSchema(view?.path ?? 'the folder of the target');
    if (given === PULL_REQUEST) return pullRequestSchema(view?.repository ?? 'the repository');
    return template.data ? requestSchema(template.data) : null;
  }, [given, view, template.data]);
  const refusal = propose.error === null ? null : errorBodyOf(propose.error);
  const errors = fieldErrorsOf(refusal, (path) => schema !== null && hasField(schema, path));
  const readError = targets.error ?? templates.error ?? template.error;

  const send = (form: RequestForm) => {
    const request: ChangeRequest = {
      target,
      title: form.title ?? '',
      reason: form.reason ?? '',
      ...(given === OWN_FILES
        ? ownFilesOf(form)
        : given === PULL_REQUEST
          ? { pullRequest: { number: form.pullRequest?.number ?? 0, sha: form.pullRequest?.sha ?? '' } }
          : { template: { name: templateName, parameters: { ...form.parameters } } }),
    };
    propose.mutate(request, { onSuccess: (run) => go({ page: 'run', id: run.id }) });
  };

  return (
    <>
      <p className="lead">{LEAD[strategy]}</p>
      {readError === null ? null : <ErrorBox error={errorBodyOf(readError)} />}
      {refusal === null ? null : (
        <ErrorBox key={propose.submittedAt} error={refusal} heading="The request was refused:" takesFocus />
      )}
      {targets.isPending || templates.isPending ? <Loading what="targets and templates" /> : null}
      <div className="request__choices">
        <Choice
          label="Target"
          value={target}
          onChange={setTarget}
          errors={errors.target}
          options={(targets.data ?? []).map(({ name }) => ({ value: name, label: name }))}
          help={targetHelp(view, strategy)}
        />
        <Choice
          label={isReview ? 'What is reviewed' : 'Template'}
          value={templateName}
          onChange={(name) => {
            setTemplate(name);
            // Words stay, parameters belong to their template.
            setData(({ title, reason }) => ({ ...(title && { title }), ...(reason && { reason }) }));
            propose.reset();
          }}
          errors={errors.template}
          options={[
            ...offered.map(({ name, title }) => ({ value: name, label: title })),
            ...(isReview ? [{ value: PULL_REQUEST, label: 'A pull request' }] : []),
            { value: OWN_FILES, label: 'My own files' },
          ]}
          help={givenHelp(given, strategy) ?? templateHelp(template.data)}
        />
      </div>
      {template.isFetching && template.data === undefined ? <Loading what="the template" /> : null}
      {schema !== null && target !== '' ? (
        <Form
          key={templateName}
          className="request__form"
          idPrefix="request"
          schema={schema}
          uiSchema={REQUEST_UI}
          validator={formValidator}
          templates={FORM_TEMPLATES}
          formData={data}
          onChange={(event) => setData(event.formData as RequestForm)}
          onSubmit={(event) => send(event.formData as RequestForm)}
          extraErrors={errors.form}
          noHtml5Validate
          showErrorList={false}
          focusOnFirstError
          disabled={propose.isPending}
        >
          <div className="request__send">
            <button type="submit" className="button button--primary" disabled={propose.isPending}>
              {propose.isPending ? 'Asking…' : `Ask for this ${strategy}`}
            </button>
            {given !== undefined ? null : (
              <button
                type="button"
                className="button"
                onClick={() => setData((form) => ({ ...form, parameters: template.data?.example ?? {} }))}
              >
                Fill in the example
              </button>
            )}
          </div>
        </Form>
      ) : null}
    </>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly errors: readonly string[];
  readonly help: ReactNode;
}

function Choice({ label, value, onChange, options, errors, help }: ChoiceProps) {
  const id = useId();
  return (
    <div className={errors.length > 0 ? 'field field--wrong' : 'field'}>
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-describedby={`${id}-help ${id}-errors`}
        aria-invalid={errors.length > 0}
      >
        <option value="" disabled>
          Choose…
        </option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <div className="field__help" id={`${id}-help`}>
        {help}
      </div>
      <ul className="field__errors" id={`${id}-errors`}>
        {errors.map((error) => (
          <li key={error}>{error}</li>
        ))}
      </ul>
    </div>
  );
}

const ownFilesOf = ({ files = [], deletions = [] }: RequestForm): Pick<ChangeRequest, 'files' | 'deletions'> => ({
  files: files.map(({ path = '', content = '' }) => ({ path, content })),
  ...(deletions.length === 0 ? {} : { deletions: [...deletions] }),
});

function givenHelp(given: string | undefined, strategy: 'change' | 'review'): string | undefined {
  if (given === PULL_REQUEST) return 'Read at exactly the commit that you name.';
  if (given === undefined) return strategy === 'review' ? 'Files of your own, or a pull request.' : undefined;
  return strategy === 'review'
    ? 'Read and judged; nothing is planned or opened.'
    : 'Read, judged and planned as those of an agent are.';
}

function targetHelp(target: TargetView | undefined, strategy: 'change' | 'review'): ReactNode {
  if (target === undefined) return strategy === 'review' ? 'What it belongs to.' : 'Where the change goes.';
  const votes = target.quorum === 1 ? 'one approval' : `${target.quorum} approvals`;
  const place = target.kind === 'terraform' ? 'a Terraform stack' : `namespaces ${target.namespaces.join(', ')}`;
  const needs = strategy === 'review' ? '' : `; needs ${votes}`;
  return `Environment ${target.environment}, ${target.repository}/${target.path}, ${place}${needs}.`;
}

function templateHelp(template: TemplateDetail | undefined): ReactNode {
  if (template === undefined) return 'What the change is made of.';
  return `${template.description} Makes: ${template.produces.join(', ')}. Version ${template.version}.`;
}

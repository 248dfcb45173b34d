import type { ChangeRequest, TargetView, TemplateDetail } from '@planwarden/contracts';
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
  REQUEST_UI,
  type RequestForm,
  requestSchema,
} from '../form/request-schema.js';
import { useRouter } from '../router/router.js';
import { ErrorBox } from '../ui/error-box.js';
import { Loading } from '../ui/loading.js';
import { PageHeading } from '../ui/page-heading.js';

export function NewRequestPage() {
  const { go } = useRouter();
  const targets = useTargets();
  const templates = useTemplates();
  const [chosenTarget, setTarget] = useState('');
  const [chosenTemplate, setTemplate] = useState('');
  // Where there is only one, there is nothing to choose.
  const target = chosenTarget || (targets.data?.length === 1 ? (targets.data[0]?.name ?? '') : '');
  // A target takes templates of its own kind.
  const kind = targets.data?.find((one) => one.name === target)?.kind;
  const offered = (templates.data ?? []).filter((one) => kind === undefined || one.kind === kind);
  const isOwn = chosenTemplate === OWN_FILES;
  const chosen = isOwn ? OWN_FILES : (offered.find((one) => one.name === chosenTemplate)?.name ?? '');
  const templateName = chosen || (offered.length === 1 ? (offered[0]?.name ?? '') : '');
  const template = useTemplate(isOwn ? '' : templateName);
  const propose = useProposeChange();
  const [data, setData] = useState<RequestForm>({});
  const folder = targets.data?.find((one) => one.name === target)?.path ?? 'the folder of the target';
  const schema = useMemo(
    () => (isOwn ? ownFilesSchema(folder) : template.data ? requestSchema(template.data) : null),
    [isOwn, folder, template.data],
  );
  const refusal = propose.error === null ? null : errorBodyOf(propose.error);
  const errors = fieldErrorsOf(refusal, (path) => schema !== null && hasField(schema, path));
  const readError = targets.error ?? templates.error ?? template.error;

  const send = (form: RequestForm) => {
    const request: ChangeRequest = {
      target,
      title: form.title ?? '',
      reason: form.reason ?? '',
      ...(isOwn ? ownFilesOf(form) : { template: { name: templateName, parameters: { ...form.parameters } } }),
    };
    propose.mutate(request, { onSuccess: (run) => go({ page: 'run', id: run.id }) });
  };

  return (
    <section className="request">
      <PageHeading title="New request" />
      <p className="lead">
        Ask for a change. It is planned, judged by policy and put before people; nothing is applied before they approve,
        and your own vote does not count.
      </p>
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
          help={targetHelp(targets.data?.find((one) => one.name === target))}
        />
        <Choice
          label="Template"
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
            { value: OWN_FILES, label: 'My own files' },
          ]}
          help={isOwn ? 'Read, judged and planned as those of an agent are.' : templateHelp(template.data)}
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
              {propose.isPending ? 'Asking…' : 'Ask for this change'}
            </button>
            {isOwn ? null : (
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
    </section>
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

function targetHelp(target: TargetView | undefined): ReactNode {
  if (target === undefined) return 'Where the change goes.';
  const votes = target.quorum === 1 ? 'one approval' : `${target.quorum} approvals`;
  const place = target.kind === 'terraform' ? 'a Terraform stack' : `namespaces ${target.namespaces.join(', ')}`;
  return `Environment ${target.environment}, ${target.repository}/${target.path}, ${place}; needs ${votes}.`;
}

function templateHelp(template: TemplateDetail | undefined): ReactNode {
  if (template === undefined) return 'What the change is made of.';
  return `${template.description} Makes: ${template.produces.join(', ')}. Version ${template.version}.`;
}

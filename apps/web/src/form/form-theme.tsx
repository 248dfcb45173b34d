import {
  errorId,
  type FieldErrorProps,
  type FieldTemplateProps,
  type IconButtonProps,
  type TemplatesType,
} from '@rjsf/utils';
import { useEffect } from 'react';

/** Label, help and errors of one field, tied to its input by the ids that the inputs name in aria-describedby. */
function Field(props: FieldTemplateProps) {
  const { id, label, children, errors, description, hidden, required, displayLabel, rawErrors, schema, uiSchema } =
    props;
  const isWrong = (rawErrors?.length ?? 0) > 0;
  useEffect(() => {
    const input = document.getElementById(id);
    if (input?.tagName === 'FIELDSET') return;
    if (isWrong) input?.setAttribute('aria-invalid', 'true');
    else input?.removeAttribute('aria-invalid');
  }, [id, isWrong]);
  if (hidden) return <div hidden>{children}</div>;
  const isCheckbox = schema.type === 'boolean' && uiSchema?.['ui:widget'] === undefined;
  return (
    <div className={isWrong ? 'field field--wrong' : 'field'}>
      {displayLabel && !isCheckbox ? (
        <label className="field__label" htmlFor={id}>
          {label}
          {required ? <span className="field__required"> (required)</span> : null}
        </label>
      ) : null}
      {displayLabel && !isCheckbox ? description : null}
      {children}
      {errors}
    </div>
  );
}

function FieldErrors({ errors, fieldPathId }: FieldErrorProps) {
  if (errors === undefined || errors.length === 0) return null;
  return (
    <ul className="field__errors" id={errorId(fieldPathId)}>
      {errors.map((error, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: errors are texts or elements without an identity
        <li key={index}>{error}</li>
      ))}
    </ul>
  );
}

/** rjsf's own buttons are icons of a font that is not here: these say what they do. */
function TextButton({ words, props }: { readonly words: string; readonly props: IconButtonProps }) {
  return (
    <button
      type="button"
      id={props.id}
      className={`button button--small ${props.className ?? ''}`}
      onClick={props.onClick}
      disabled={props.disabled}
    >
      {words}
    </button>
  );
}

export const FORM_TEMPLATES: Partial<Omit<TemplatesType, 'ButtonTemplates'>> & {
  ButtonTemplates: Partial<TemplatesType['ButtonTemplates']>;
} = {
  FieldTemplate: Field,
  FieldErrorTemplate: FieldErrors,
  DescriptionFieldTemplate: ({ id, description }) =>
    description ? (
      <div className="field__help" id={id}>
        {description}
      </div>
    ) : null,
  TitleFieldTemplate: ({ id, title }) => (
    <legend className="field__legend" id={id}>
      {title}
    </legend>
  ),
  ButtonTemplates: {
    AddButton: (props) => <TextButton words="Add an entry" props={props} />,
    RemoveButton: (props) => <TextButton words="Remove" props={props} />,
    MoveUpButton: (props) => <TextButton words="Up" props={props} />,
    MoveDownButton: (props) => <TextButton words="Down" props={props} />,
    CopyButton: (props) => <TextButton words="Copy" props={props} />,
    ClearButton: (props) => <TextButton words="Clear" props={props} />,
  },
};

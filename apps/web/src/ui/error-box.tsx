import type { ErrorBody } from '@planwarden/contracts';
import { type ReactNode, useEffect, useRef } from 'react';
import { sentence } from '../words/run-words.js';

interface ErrorBoxProps {
  readonly error: ErrorBody;
  readonly heading?: string;
  /** Moves the focus here when it appears: for an answer to something the person just did. */
  readonly takesFocus?: boolean;
  readonly children?: ReactNode;
}

/** An error as every page shows it: what happened, where, what to do, and the code to search for. */
export function ErrorBox({ error, heading, takesFocus = false, children }: ErrorBoxProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (takesFocus) box.current?.focus();
  }, [takesFocus]);
  return (
    <div className="error-box" role="alert" tabIndex={-1} ref={box}>
      <p className="error-box__message">
        {heading === undefined ? null : <strong>{heading} </strong>}
        {sentence(error.message, heading === undefined)}
      </p>
      {error.details !== undefined && error.details.length > 1 ? (
        <ul className="error-box__details">
          {error.details.map((one) => (
            <li key={`${one.code} ${placeOf(one.where)} ${one.message}`}>
              {placeOf(one.where) === '' ? null : <code>{placeOf(one.where)}</code>} {one.message}
            </li>
          ))}
        </ul>
      ) : null}
      <p className="error-box__remedy">{sentence(error.remedy)}</p>
      <p className="error-box__code">
        <code>{error.code}</code>
        {placeOf(error.where) === '' ? null : <code>{placeOf(error.where)}</code>}
      </p>
      {children}
    </div>
  );
}

function placeOf(where: ErrorBody['where']): string {
  if (where === undefined) return '';
  const file = where.file === undefined ? '' : `${where.file}${where.line === undefined ? '' : `:${where.line}`}`;
  return [where.rule, file, where.field].filter((part) => part !== undefined && part !== '').join(' · ');
}

import type { RunDetail } from '@planwarden/contracts';
import { sentence } from '../words/run-words.js';
import { nameOf, worstFirst } from './plan-order.js';

export function FindingsPanel({ detail }: { readonly detail: RunDetail }) {
  const { findings, decisions } = detail;
  return (
    <section className="panel" aria-labelledby="findings-heading">
      <h2 id="findings-heading">Findings</h2>
      {findings.length > 0 ? null : (
        <p className="quiet">
          {decisions.length === 0
            ? 'No rule has judged this change yet.'
            : `The rules found nothing (${[...new Set(decisions.map((one) => one.phase))].join(', ')}).`}
        </p>
      )}
      <ul className="findings">
        {worstFirst(findings).map((finding) => (
          <li
            key={`${finding.rule} ${finding.file ?? ''} ${finding.line ?? ''} ${finding.message}`}
            className={`finding finding--${finding.severity}`}
          >
            <p className="finding__head">
              <span className={`severity severity--${finding.severity}`}>{finding.severity}</span>
              <code>{finding.rule}</code>
              {finding.file === null ? null : (
                <code className="quiet">
                  {finding.file}
                  {finding.line === null ? '' : `:${finding.line}`}
                </code>
              )}
              {finding.object === null ? null : (
                <span className="quiet">
                  {finding.object.kind} {nameOf(finding.object)}
                </span>
              )}
            </p>
            <p>{sentence(finding.message)}</p>
            <p className="finding__remedy">
              <span className="quiet">Mend: </span>
              {sentence(finding.remedy)}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

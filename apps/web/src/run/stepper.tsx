import type { StepView } from '@planwarden/contracts';
import { STEP_STATE_WORDS, STEP_WORDS } from '../words/run-words.js';
import { duration } from '../words/time-words.js';

/** The road of the change, in order; the gate is where people decide. */
export function Stepper({ steps }: { readonly steps: readonly StepView[] }) {
  return (
    <nav className="road" aria-labelledby="road-heading">
      <h2 id="road-heading">Road</h2>
      <ol className="road__steps">
        {steps.map((step) => {
          const isCurrent = step.state === 'running' || step.state === 'parked';
          const isGate = step.name === 'await-approval';
          return (
            <li
              key={step.name}
              className={`road__step road__step--${step.state}${isGate ? ' road__step--gate' : ''}`}
              aria-current={isCurrent ? 'step' : undefined}
            >
              <span className="road__name">{STEP_WORDS[step.name]}</span>
              <span className="road__state">
                {STEP_STATE_WORDS[step.state]}
                {step.state === 'done' ? (
                  <span className="road__duration"> {duration(step.startedAt, step.finishedAt)}</span>
                ) : null}
              </span>
              {step.message !== null && (isCurrent || step.state === 'failed') ? (
                <span className="road__message">{step.message}</span>
              ) : null}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

import { Component, type ReactNode } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { ErrorBox } from './error-box.js';

interface Props {
  readonly children: ReactNode;
}

/** Keeps a page that fails from taking the whole window with it. */
export class ErrorBoundary extends Component<Props, { readonly error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error: error ?? new Error('unknown') };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <ErrorBox error={errorBodyOf(this.state.error)} takesFocus>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          Load the page again
        </button>
      </ErrorBox>
    );
  }
}

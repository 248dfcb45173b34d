import { PageHeading } from '../ui/page-heading.js';

export function SignedOutPage() {
  return (
    <section className="narrow">
      <PageHeading title="Signed out">Nobody is signed in</PageHeading>
      <p>
        Agents ask for changes; people decide here. There are no passwords: a person is let in by a link that works
        once, within fifteen minutes.
      </p>
      <HowToSignIn />
    </section>
  );
}

export function HowToSignIn() {
  return (
    <div className="how-to">
      <h2>How to get a link</h2>
      <p>On the machine where Planwarden runs, in its folder:</p>
      <pre>
        <code>npm exec -- planwarden sign-in &lt;person&gt;</code>
      </pre>
      <p>
        <code>&lt;person&gt;</code> is an id from the people of <code>planwarden.yaml</code>, for example{' '}
        <code>reviewer</code>. Open the link it prints in this browser. Where Planwarden was started with{' '}
        <code>--data &lt;folder&gt;</code>, give it here too.
      </p>
    </div>
  );
}

import { Link } from '../router/router.js';
import { PageHeading } from '../ui/page-heading.js';

export function UnknownPage({ path }: { readonly path: string }) {
  return (
    <section className="narrow">
      <PageHeading title="No such page" />
      <p>
        There is nothing at <code>{path}</code>.
      </p>
      <p>
        <Link to={{ page: 'runs', state: null }}>Go to the runs</Link>
      </p>
    </section>
  );
}

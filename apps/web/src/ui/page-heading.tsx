import { type ReactNode, useEffect, useRef } from 'react';
import { useRouter } from '../router/router.js';

interface PageHeadingProps {
  /** Title of the window; the product's name is added. */
  readonly title: string;
  readonly children?: ReactNode;
}

/** The one first heading of a page. After a navigation the focus goes here, so that a screen reader says where one is. */
export function PageHeading({ title, children }: PageHeadingProps) {
  const { visit } = useRouter();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Planwarden`;
  }, [title]);
  useEffect(() => {
    if (visit > 0) heading.current?.focus({ preventScroll: true });
  }, [visit]);
  return (
    <h1 className="page-heading" tabIndex={-1} ref={heading}>
      {children ?? title}
    </h1>
  );
}

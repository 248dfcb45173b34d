import { Time } from '../ui/time.js';

/** Until when broken glass holds, or held. */
export function GlassUntil({ at }: { readonly at: string }) {
  return (
    <>
      ({Date.parse(at) > Date.now() ? 'ends' : 'ended'} <Time at={at} />)
    </>
  );
}

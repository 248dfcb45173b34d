/** HTML that was put together by `html`; everything else is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

export const escapeHtml = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

type Part = Html | string | number | false | undefined | null | readonly Part[];
const render = (part: Part): string => {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(render).join('');
  return part === false || part === undefined || part === null ? '' : escapeHtml(String(part));
};

/** A template whose values are escaped unless they are `Html` themselves. */
export const html = (parts: TemplateStringsArray, ...values: Part[]): Html =>
  new Html(parts.reduce((done, part, at) => done + part + (at < values.length ? render(values[at]) : ''), ''));

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --soft: light-dark(#f6f8fa, #151b23);
  --ink: light-dark(#1f2328, #f0f6fc); --quiet: light-dark(#57606a, #9198a1); --link: light-dark(#0550ae, #79b8ff);
  --add: light-dark(#dafbe1, #12361f); --del: light-dark(#ffebe9, #47191d); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#fff, #0d1117); }
header { background: #24292f; color: #fff; padding: .75rem 1.5rem; display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; }
header a { color: #fff; font-weight: 600; } header form { margin-left: auto; display: flex; gap: .5rem; align-items: center; }
main { max-width: 60rem; margin: 1.5rem auto; padding: 0 1.5rem; } a { color: var(--link); }
h1 { font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.quiet { color: var(--quiet); } .box { border: 1px solid var(--line); border-radius: 8px; margin: 1rem 0; overflow: hidden; }
.box > h3 { margin: 0; padding: .5rem .75rem; background: var(--soft); font: 600 .9rem ui-monospace, monospace; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.box > .in { padding: .75rem; } pre { margin: 0; font: .85rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
pre span { display: block; padding: 0 .75rem; } .add { background: var(--add); } .del { background: var(--del); } .hunk { background: var(--soft); color: var(--quiet); }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 1em; padding: 0 .7em; font-size: .85rem; }
ul.plain { list-style: none; padding: 0; margin: 0; } ul.plain > li { padding: .6rem .75rem; border-top: 1px solid var(--line); } ul.plain > li:first-child { border-top: 0; }
label { display: block; font-weight: 600; margin-bottom: .25rem; } textarea, input { font: inherit; width: 100%; padding: .5rem; border: 1px solid var(--quiet); border-radius: 6px; background: transparent; color: inherit; }
button { font: inherit; font-weight: 600; padding: .45rem 1rem; border-radius: 6px; border: 1px solid var(--quiet); background: var(--soft); color: var(--ink); cursor: pointer; }
button.go { background: #1a7f37; border-color: #1a7f37; color: #fff; } button.stop { background: #b3212d; border-color: #b3212d; color: #fff; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; } .row { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: .75rem; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; } [role=alert] { border: 2px solid #b3212d; border-radius: 8px; padding: .75rem; }
`;

/** A whole page. `who` is the login of the person signed in; `next` is where to go on after signing in. */
export function page(title: string, who: string | undefined, next: string, body: Html): string {
  const sign = who
    ? html`<form method="post" action="/ui/sign-out"><span>Signed in as ${who}</span><button>Sign out</button></form>`
    : html`<form method="get" action="/ui/sign-in"><input type="hidden" name="next" value="${next}"><button>Sign in</button></form>`;
  const whole = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${new Html(STYLE)}</style></head>
<body><header><a href="/ui">Sandbox GitHub</a>${sign}</header><main>${body}</main></body></html>`;
  return whole.text;
}

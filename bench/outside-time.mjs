// When the outside was at work: the union of all spans in which one of its parts was answering, so that two answers at
// the same time count once. The sandbox servers share this process; the Kubernetes MCP server is a child of it.
import diagnostics from 'node:diagnostics_channel';

export class OutsideTime {
  #spans = [];
  #open = new Map();

  /** @param ports of the outside servers in this process */
  constructor(ports) {
    diagnostics.subscribe('http.server.request.start', ({ request }) => {
      if (ports.has(request.socket.localPort)) this.#open.set(request, performance.now());
    });
    diagnostics.subscribe('http.server.response.finish', ({ request }) => {
      const begun = this.#open.get(request);
      if (begun === undefined) return;
      this.#open.delete(request);
      this.#spans.push([begun, performance.now()]);
    });
  }

  /** Adds a span measured elsewhere. */
  add(from, to) {
    this.#spans.push([from, to]);
  }

  /** Milliseconds of the outside between two instants of performance.now(). */
  between(from, to) {
    const inside = this.#spans
      .map(([a, b]) => [Math.max(a, from), Math.min(b, to)])
      .filter(([a, b]) => b > a)
      .sort(([a], [b]) => a - b);
    let total = 0;
    let end = -Infinity;
    for (const [a, b] of inside) {
      total += Math.max(0, b - Math.max(a, end));
      end = Math.max(end, b);
    }
    return total;
  }
}

// What the page asks of its server.

const CSRF = document.body.dataset.csrf;

/** A failure that the server told, in its words. */
export class Refusal extends Error {}

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { ...options.headers, "X-CSRF-Token": CSRF } });
  if (answer.ok) return answer.json();
  if (answer.status === 401) location.assign("/login");
  const problem = await answer.json().catch(() => ({}));
  const hint = answer.status === 503 ? ` Is the MCP server running at ${document.body.dataset.address}?` : "";
  throw new Refusal((problem.detail ?? `The page's server answered ${answer.status}.`) + hint);
}

export const offer = () => ask("/tools");

/** The messages of one call; `name`: of a tool or prompt, or a resource's address. Aborting `signal` stops the call on the MCP server too. */
export function call(method, name, args, signal) {
  const headers = { "Content-Type": "application/json" };
  return ask("/call", { method: "POST", headers, body: JSON.stringify({ method, name, arguments: args }), signal });
}

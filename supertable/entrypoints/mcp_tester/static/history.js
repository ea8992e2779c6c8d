// The history of calls, in this browser alone. It never holds a secret argument, and belongs to one user.

import { SECRET } from "./forms.js";

const KEY = "supertable-mcp-tester-history";
const MOST_CALLS = 50;
const MOST_CHARACTERS = 200_000;
const OWNER = document.body.dataset.owner;

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return found.owner === OWNER && Array.isArray(found.calls) ? found.calls : [];
  } catch {
    return [];
  }
}

/** Newest first: `{tool, name, args, ok, ms, at}`; `tool`: the key of the item. */
export const calls = stored;

export function remember(call) {
  const args = Object.fromEntries(Object.entries(call.args).filter(([name]) => !SECRET.has(name)));
  const kept = [{ ...call, args }, ...stored()].slice(0, MOST_CALLS);
  while (kept.length > 1 && JSON.stringify(kept).length > MOST_CHARACTERS) kept.pop();
  if (JSON.stringify(kept).length > MOST_CHARACTERS) kept.pop();
  try {
    localStorage.setItem(KEY, JSON.stringify({ owner: OWNER, calls: kept }));
  } catch {
    forget(); // the browser has no room: better none than a broken one
  }
}

export const forget = () => localStorage.removeItem(KEY);

if (!stored().length) forget(); // that of another user

// JSON with colours, as elements.

import { el } from "./dom.js";

const PARTS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MOST_COLOURED = 200_000;

/** A block of the value as indented JSON; very long texts stay without colours, to keep the page quick. */
export function jsonView(value, label) {
  const text = JSON.stringify(value, null, 2) ?? "";
  const code = el("code");
  if (text.length > MOST_COLOURED) code.append(text);
  else colour(code, text);
  return el("pre", { class: "code-block", tabindex: 0, role: "region", "aria-label": label }, code);
}

function colour(code, text) {
  let end = 0;
  for (const match of text.matchAll(PARTS)) {
    code.append(text.slice(end, match.index));
    const [whole, string, colon, word] = match;
    const kind = colon ? "k" : string ? "s" : word ? "w" : "n";
    code.append(el("span", { class: kind }, string ?? whole));
    if (colon) code.append(colon);
    end = match.index + whole.length;
  }
  code.append(text.slice(end));
}

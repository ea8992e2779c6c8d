// A call as text for the clipboard.

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A command that repeats the call, with the token of `SUPERTABLE_TOKEN`. */
export function asCurl(address, { request, headers }) {
  const lines = [
    `curl -sN ${quoted(address)}`,
    `-H "Authorization: Bearer $SUPERTABLE_TOKEN"`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    `-d ${quoted(JSON.stringify(request))}`,
  ];
  return lines.join(" \\\n  ");
}

/** Put text on the clipboard, and say so on the button for a moment. */
export async function copy(text, button) {
  const label = button.querySelector("span");
  const before = button.dataset.label ?? label.textContent;
  button.dataset.label = before;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Not allowed";
  }
  setTimeout(() => (label.textContent = before), 1500);
}

// An answer in its views: what it means, its structured content, its text, and the messages themselves.

import { el } from "./dom.js";
import { jsonView } from "./json_view.js";
import { tableOf, tableOfObjects } from "./tables.js";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

const MOST_SHORT = 60;
const shown = (value) => (isObject(value) ? JSON.stringify(value) : String(value));

/** The texts of a tool's content, a prompt's messages or a resource's contents. */
function textOf(result) {
  const blocks = result?.content ?? result?.messages?.map((message) => message.content) ?? result?.contents ?? [];
  return blocks.map((block) => block.text).filter((text) => typeof text === "string");
}

/** What has members to show: structured content, or a resource that is one JSON object. */
function contentOf(result) {
  if (result?.structuredContent !== undefined) return result.structuredContent;
  if (result?.contents?.length !== 1 || result.contents[0].mimeType !== "application/json") return undefined;
  try {
    return JSON.parse(result.contents[0].text);
  } catch {
    return undefined;
  }
}

/** What went wrong, in the server's words; null: nothing. */
export function failure(response) {
  if (response.error) return `${response.error.message} (${response.error.code})`;
  return response.result?.isError ? textOf(response.result).join("\n\n") || "The tool failed without a message." : null;
}

function part(name, value) {
  if (Array.isArray(value)) {
    if (!value.length) return el("p", { class: "dim none" }, "none");
    if (value.every(isObject)) return tableOfObjects(value, name);
    return el(
      "ul",
      { class: "notes" },
      value.map((each) => el("li", {}, typeof each === "object" ? JSON.stringify(each) : String(each))),
    );
  }
  if (isObject(value)) return jsonView(value, name);
  return el("pre", { class: "code-block", tabindex: 0, role: "region", "aria-label": name }, String(value));
}

/** Members as people read them: rows first, short values as a list, the rest under headings. */
function meaning(content) {
  const members = { ...content };
  const parts = [];
  if (Array.isArray(members.columns) && Array.isArray(members.rows)) {
    parts.push(tableOf(members.columns, members.rows, "Rows"));
    delete members.columns;
    delete members.rows;
  }
  const entries = Object.entries(members);
  const isShort = (value) =>
    isObject(value) ? shown(value).length <= MOST_SHORT : typeof value !== "object" && !shown(value).includes("\n");
  const short = entries.filter(([, value]) => value === null || isShort(value));
  const long = entries.filter(([, value]) => value !== null && !isShort(value));
  const list = short.length
    ? el(
        "dl",
        { class: "facts" },
        short.map(([name, value]) =>
          el("div", {}, el("dt", {}, name), el("dd", { class: value === null ? "nul" : null }, shown(value))),
        ),
      )
    : null;
  const sections = long.map(([name, value]) => el("section", {}, el("h2", {}, name), part(name, value)));
  return el("div", { class: "meaning" }, parts, parts.length ? [sections, list] : [list, sections]);
}

/** The views of an answer: by name, a function that makes its element. */
export function views({ request, response }) {
  const failed = failure(response);
  const content = contentOf(response.result);
  const texts = textOf(response.result);
  const found = {};
  if (failed) found.Error = () => el("p", { class: "alert", role: "alert" }, failed);
  else if (isObject(content)) found.Result = () => meaning(content);
  if (content !== undefined) found.JSON = () => jsonView(content, "Structured content");
  if (texts.length && !failed)
    found.Text = () =>
      el(
        "div",
        { class: "meaning" },
        texts.map((text, index) =>
          el("pre", { class: "code-block wrap", tabindex: 0, role: "region", "aria-label": `Text ${index + 1}` }, text),
        ),
      );
  found.Messages = () =>
    el(
      "div",
      { class: "meaning" },
      el("section", {}, el("h2", {}, "Request"), jsonView(request, "Request")),
      el("section", {}, el("h2", {}, "Response"), jsonView(response, "Response")),
    );
  return found;
}

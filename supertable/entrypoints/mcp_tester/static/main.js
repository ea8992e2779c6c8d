// The page: tools at the side, the form of the chosen one, and its last answer.

import { failure, views } from "./answers.js";
import { asCurl, copy } from "./copying.js";
import { byId, el, icon } from "./dom.js";
import { Form } from "./forms.js";
import * as history from "./history.js";
import { itemsOf } from "./offers.js";
import * as server from "./server.js";

const { address } = document.body.dataset;
const DEFAULTS = JSON.parse(document.body.dataset.defaults);
const HINTS = {
  readOnlyHint: ["read-only", "writes"],
  idempotentHint: ["idempotent", null],
  destructiveHint: ["destructive", null],
  openWorldHint: ["open world", null],
};
const state = { items: [], item: null, form: null, running: null, exchange: null, view: "Result" };

function pills(annotations = {}) {
  const words = Object.entries(HINTS).map(([name, [yes, no]]) =>
    name in annotations ? (annotations[name] ? yes : no) : null,
  );
  return words.filter(Boolean).map(pill);
}

const pill = (word) => el("li", { class: "pill" }, word);

function choose(key, values = {}) {
  const item = state.items.find((each) => each.key === key);
  if (!item) return;
  state.item = item;
  state.form = new Form(item, { ...DEFAULTS, ...values });
  byId("tool-name").textContent = item.name;
  byId("tool-about").textContent = item.description ?? "";
  byId("tool-hints").replaceChildren(...(item.kind === "tool" ? pills(item.annotations) : [pill(item.kind)]));
  byId("fields").replaceChildren(state.form.element);
  byId("pick").value = key;
  for (const button of byId("items").querySelectorAll("button"))
    button.toggleAttribute("aria-current", button.dataset.key === key);
  globalThis.history.replaceState(null, "", `#${encodeURIComponent(key)}`);
}

function list(items) {
  const buttons = items.map((item) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          "data-key": item.key,
          title: item.description,
          "aria-current": item === state.item,
          onclick: () => choose(item.key),
        },
        item.name,
      ),
    ),
  );
  return el("ul", { class: "tools" }, buttons);
}

const GROUPS = { Tools: ["tool"], Prompts: ["prompt"], Resources: ["template", "resource"] };

function listItems(filter = "") {
  const wanted = filter.toLowerCase();
  const shown = state.items.filter((item) => `${item.name} ${item.description ?? ""}`.toLowerCase().includes(wanted));
  const groups = Object.entries(GROUPS).map(([name, kinds]) => {
    const members = shown.filter((item) => kinds.includes(item.kind));
    return members.length ? [el("h2", {}, name), list(members)] : [];
  });
  byId("items").replaceChildren(...groups.flat());
  byId("tools-none").hidden = shown.length > 0;
}

function listHistory() {
  const found = history.calls();
  byId("history-empty").hidden = found.length > 0;
  byId("forget").hidden = found.length === 0;
  byId("history").replaceChildren(
    ...found.map((call) => {
      const given = Object.values(call.args)
        .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
        .join(" · ");
      return el(
        "li",
        {},
        el(
          "button",
          { type: "button", onclick: () => choose(call.tool, call.args), title: given },
          el("span", { class: call.ok ? "dot" : "dot bad" }),
          el("span", { class: "what" }, el("b", {}, call.name), given ? el("small", {}, given) : null),
          el("span", { class: "n" }, `${Math.round(call.ms)} ms`),
          el("span", { class: "vh" }, call.ok ? "answered" : "failed"),
        ),
      );
    }),
  );
}

function status(text, kind = "") {
  byId("status").textContent = text;
  byId("status").className = kind;
}

function busy(controller) {
  state.running = controller;
  byId("call").disabled = Boolean(controller);
  byId("cancel").hidden = !controller;
  byId("answer").setAttribute("aria-busy", String(Boolean(controller)));
}

function show(exchange) {
  state.exchange = exchange;
  const found = views(exchange);
  const names = Object.keys(found);
  const open = (name) => {
    for (const tab of byId("views").children) {
      const chosen = tab.dataset.view === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    byId("view").replaceChildren(found[name]());
    byId("view").setAttribute("aria-labelledby", `tab-${name}`);
  };
  const tabs = names.map((name) =>
    el(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "data-view": name,
        "aria-controls": "view",
        onclick: () => open((state.view = name)),
      },
      name,
    ),
  );
  byId("views").replaceChildren(...tabs);
  byId("copies").hidden = false;
  const failed = failure(exchange.response) !== null;
  open(!failed && names.includes(state.view) ? state.view : names[0]);
  if (matchMedia("(max-width: 1100px)").matches) byId("answer").scrollIntoView({ block: "start" });
}

function told(message) {
  state.exchange = null;
  byId("views").replaceChildren();
  byId("copies").hidden = true;
  byId("view").replaceChildren(el("p", { class: "alert", role: "alert" }, message));
}

async function call() {
  const args = state.running || !state.form ? null : state.form.arguments();
  if (!args) return;
  const { key, name, method, address: addressOf } = state.item;
  const controller = new AbortController();
  busy(controller);
  const began = performance.now();
  const tick = setInterval(() => status(`${name} runs for ${((performance.now() - began) / 1000).toFixed(1)} s`), 100);
  try {
    const exchange = await server.call(
      method,
      addressOf ? addressOf(args) : name,
      addressOf ? {} : args,
      controller.signal,
    );
    const ok = failure(exchange.response) === null;
    history.remember({ tool: key, name, args, ok, ms: exchange.milliseconds, at: Date.now() });
    show(exchange);
    status(
      `${name} ${ok ? "answered" : "failed"} in ${exchange.milliseconds.toLocaleString("en")} ms`,
      ok ? "good" : "bad",
    );
  } catch (error) {
    const cancelled = error.name === "AbortError";
    if (!cancelled)
      told(error instanceof server.Refusal ? error.message : "The page's server cannot be reached. Is it running?");
    status(`${name} ${cancelled ? "was cancelled" : "failed"}`, cancelled ? "" : "bad");
  } finally {
    clearInterval(tick);
    busy(null);
    listHistory();
  }
}

function moveTab(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const tabs = [...byId("views").children];
  if (!step || !tabs.length) return;
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  next.click();
  next.focus();
}

function listen() {
  byId("form").addEventListener("submit", (event) => (event.preventDefault(), call()));
  byId("cancel").addEventListener("click", () => state.running?.abort());
  byId("reset").addEventListener("click", () => choose(state.item.key));
  byId("pick").addEventListener("change", (event) => choose(event.target.value));
  byId("filter").addEventListener("input", (event) => listItems(event.target.value));
  byId("forget").addEventListener("click", () => (history.forget(), listHistory()));
  byId("sign-out").addEventListener("submit", () => history.forget());
  byId("views").addEventListener("keydown", moveTab);
  byId("curl").addEventListener("click", (event) => copy(asCurl(address, state.exchange), event.currentTarget));
  byId("json").addEventListener("click", (event) =>
    copy(JSON.stringify(state.exchange.response, null, 2), event.currentTarget),
  );
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) (event.preventDefault(), call());
  });
}

async function begin() {
  listen();
  listHistory();
  try {
    const found = await server.offer();
    state.items = itemsOf(found);
    byId("server").textContent =
      `${found.server.title ?? found.server.name ?? "server"} ${found.server.version ?? ""}`.trim();
    byId("protocol").textContent = found.protocol;
    byId("pick").replaceChildren(
      ...Object.entries(GROUPS).map(([name, kinds]) => {
        const members = state.items.filter((item) => kinds.includes(item.kind));
        return el(
          "optgroup",
          { label: name, hidden: !members.length },
          members.map((item) => el("option", { value: item.key }, item.name)),
        );
      }),
    );
    listItems();
    const wanted = decodeURIComponent(location.hash.slice(1));
    const keys = state.items.map((item) => item.key);
    choose([wanted, "query_sql", keys[0]].find((key) => keys.includes(key)));
    byId("call").disabled = false;
    document.body.classList.remove("waiting");
  } catch (error) {
    document.body.classList.remove("waiting");
    byId("tool-name").textContent = "No tools";
    byId("tool-about").textContent = `The MCP server at ${address} was asked for its tools.`;
    told(error instanceof server.Refusal ? error.message : "The page's server cannot be reached. Is it running?");
  }
}

begin();

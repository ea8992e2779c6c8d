// Forms from JSON schemas: one field for each argument. Empty fields are left out of a call.

import { el } from "./dom.js";

const IDENTITY = new Set(["organization", "user_hash", "auth_token"]);
export const SECRET = new Set(["auth_token"]);
const LONG = /^(sql|query|statement|text)$/;

/** The parts of a schema that decide its field, where it is a choice with null. */
function plain(schema) {
  const options = schema.anyOf ?? schema.oneOf;
  const found = options ? { ...schema, ...options.find((option) => option.type !== "null") } : schema;
  const type = Array.isArray(found.type) ? found.type.find((each) => each !== "null") : found.type;
  return { ...found, type: type ?? "string" };
}

function choices(id, values, required, start) {
  const empty = required ? [] : [el("option", { value: "" }, "—")];
  const options = values.map((value) => el("option", { value: JSON.stringify(value) }, String(value)));
  const select = el("select", { id }, empty, options);
  if (start !== undefined) select.value = JSON.stringify(start);
  return select;
}

function control(id, name, schema, required) {
  const shown =
    schema.default === undefined || schema.default === null ? null : `Default: ${JSON.stringify(schema.default)}`;
  if (schema.enum) return choices(id, schema.enum, required, schema.default);
  if (schema.type === "boolean") return choices(id, [true, false], required, schema.default);
  if (schema.type === "integer" || schema.type === "number") {
    const step = schema.type === "integer" ? 1 : "any";
    return el("input", { id, type: "number", step, min: schema.minimum, max: schema.maximum, placeholder: shown });
  }
  if (schema.type === "array" || schema.type === "object") {
    const example = schema.type === "array" ? '["…"]' : '{"…": "…"}';
    return el("textarea", {
      id,
      rows: 3,
      class: "code",
      spellcheck: "false",
      placeholder: shown ?? `JSON, like ${example}`,
    });
  }
  if (LONG.test(name)) return el("textarea", { id, rows: 8, class: "code", spellcheck: "false", placeholder: shown });
  const type = SECRET.has(name) ? "password" : "text";
  return el("input", {
    id,
    type,
    autocomplete: "off",
    spellcheck: "false",
    maxlength: schema.maxLength,
    placeholder: shown,
  });
}

function value(text, schema) {
  if (schema.enum || schema.type === "boolean") return JSON.parse(text);
  if (schema.type === "integer" || schema.type === "number") {
    const number = Number(text);
    if (!Number.isFinite(number)) throw new Error("This is not a number.");
    if (schema.type === "integer" && !Number.isSafeInteger(number)) throw new Error("A whole number up to 2^53.");
    return number;
  }
  if (schema.type === "array" || schema.type === "object") {
    let found;
    try {
      found = JSON.parse(text);
    } catch (error) {
      throw new Error(`This is not JSON: ${error.message}`);
    }
    if (Array.isArray(found) !== (schema.type === "array") || found === null || typeof found !== "object")
      throw new Error(`A JSON ${schema.type} is needed.`);
    return found;
  }
  return text;
}

/** The fields of a tool. `arguments()` returns what they hold, or null after it has marked what is wrong. */
export class Form {
  constructor(tool, start) {
    const schema = tool.inputSchema ?? {};
    this.required = new Set(schema.required ?? []);
    this.fields = Object.entries(schema.properties ?? {}).map(([name, each]) => this.#field(name, plain(each)));
    this.fields.sort((one, other) => this.required.has(other.name) - this.required.has(one.name));
    this.fill(start);
    const identity = this.fields.filter((field) => IDENTITY.has(field.name) && !this.required.has(field.name));
    const others = this.fields.filter((field) => !identity.includes(field));
    const boxes = (fields) => fields.map((field) => field.box);
    this.element = el(
      "div",
      { class: "fields" },
      others.length || identity.length ? null : el("p", { class: "dim" }, "It takes no arguments."),
      boxes(others),
      identity.length
        ? el(
            "details",
            { open: identity.some((field) => field.input.value) },
            el("summary", {}, "Identity"),
            el("div", { class: "fields" }, boxes(identity)),
          )
        : null,
    );
  }

  #field(name, schema) {
    const id = `field-${name}`;
    const input = control(id, name, schema, this.required.has(name));
    const problem = el("p", { class: "problem", id: `${id}-problem`, hidden: true });
    const help = schema.description ? el("p", { class: "help", id: `${id}-help` }, schema.description) : null;
    input.setAttribute("aria-describedby", [help && `${id}-help`, `${id}-problem`].filter(Boolean).join(" "));
    if (this.required.has(name)) input.setAttribute("aria-required", "true");
    const note = this.required.has(name)
      ? el("span", { class: "needed" }, "required")
      : el("span", { class: "dim" }, schema.type);
    const field = { name, schema, input, problem };
    input.addEventListener("input", () => this.#mark(field, ""));
    field.box = el(
      "div",
      { class: "field" },
      el("label", { for: id }, el("code", {}, name), note),
      input,
      help,
      problem,
    );
    return field;
  }

  #mark(field, message) {
    field.problem.textContent = message;
    field.problem.hidden = !message;
    field.input.setAttribute("aria-invalid", String(Boolean(message)));
  }

  /** Put values into the fields; those that are not named become empty. */
  fill(values) {
    for (const { name, schema, input } of this.fields) {
      if (!(name in values)) continue;
      const asJson = schema.enum || ["boolean", "array", "object"].includes(schema.type);
      input.value = asJson ? JSON.stringify(values[name]) : values[name];
    }
  }

  arguments() {
    const found = {};
    let wrong = null;
    for (const field of this.fields) {
      const text = field.input.value;
      let message = "";
      if (field.input.validity.badInput) message = "This is not a number.";
      else if (text.trim() === "") message = this.required.has(field.name) ? "A value is required." : "";
      else {
        try {
          found[field.name] = value(text, field.schema);
        } catch (error) {
          message = error.message;
        }
      }
      this.#mark(field, message);
      if (message) wrong ??= field;
    }
    wrong?.input.focus();
    return wrong ? null : found;
  }
}

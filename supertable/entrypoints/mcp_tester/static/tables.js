// Rows as a table. Numbers are aligned to the right, by the type of their column or by their values.

import { el } from "./dom.js";

const NUMBERS = /^(u?int\d*|float\d*|double|decimal.*|number|integer)$/;
const MOST_ROWS = 1_000;
const count = new Intl.NumberFormat("en");

function cell(value, number) {
  if (value === null || value === undefined) return el("td", { class: number ? "num nul" : "nul" }, "null");
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return el("td", { class: number ? "num" : null, title: text.length > 60 ? text : null }, text);
}

function isNumeric(column, rows, index) {
  if (column.type) return NUMBERS.test(column.type);
  const values = rows.map((row) => row[index]).filter((value) => value !== null && value !== undefined);
  return values.length > 0 && values.every((value) => typeof value === "number");
}

/** `columns`: names, and types where they are known; `rows`: lists of values. */
export function tableOf(columns, rows, label) {
  const numeric = columns.map((column, index) => isNumeric(column, rows, index));
  const head = columns.map((column, index) =>
    el(
      "th",
      { scope: "col", class: numeric[index] ? "num" : null },
      el("span", {}, column.name),
      column.type ? el("small", {}, column.type) : null,
    ),
  );
  const body = rows.slice(0, MOST_ROWS).map((row) =>
    el(
      "tr",
      {},
      columns.map((_, index) => cell(row[index], numeric[index])),
    ),
  );
  const more =
    rows.length > MOST_ROWS
      ? el(
          "p",
          { class: "dim note" },
          `The first ${count.format(MOST_ROWS)} of ${count.format(rows.length)} rows. The JSON has all.`,
        )
      : null;
  const table = el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
  return el("div", { class: "table", tabindex: 0, role: "region", "aria-label": label }, table, more);
}

/** The same for a list of objects, whose members are the columns. */
export function tableOfObjects(objects, label) {
  const names = [...new Set(objects.flatMap((each) => Object.keys(each)))];
  return tableOf(
    names.map((name) => ({ name })),
    objects.map((each) => names.map((name) => each[name])),
    label,
  );
}

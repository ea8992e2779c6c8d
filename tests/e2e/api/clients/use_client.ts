// A program over the generated types: sign in, create a table, write, query, page, handle an error.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };
type QueryRequest = components["schemas"]["QueryRequest"];

const [url, token] = process.argv.slice(2) as [string, string];
type Json = "application/json" | "application/problem+json";
const client = createClient<paths, Json>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const orders = { path: { supertable: "main", table: "orders" } };
const said: string[] = [];

const me = await client.GET("/api/v1/whoami");
said.push(me.data?.role ?? "nobody");

await client.POST("/api/v1/supertables/{supertable}/tables", {
  params: { path: { supertable: "main" } },
  body: { name: "orders", columns: [{ name: "id", type: "int64", nullable: false }, { name: "region", type: "string" }], keys: ["id"] },
});
const written = await client.POST("/api/v1/supertables/{supertable}/tables/{table}/rows", {
  params: { ...orders, query: { mode: "upsert" } },
  body: [0, 1, 2, 3, 4].map((id) => ({ id, region: "north" })),
});
said.push(`version ${written.data?.version}`);

for (const engine of ["lite", "pro"]) {
  const wanted: QueryRequest = { sql: "SELECT count(*) AS n FROM orders WHERE id < $1", parameters: [3], engine };
  const answer = await client.POST("/api/v1/query", { body: wanted });
  if (!answer.data || !("rows" in answer.data)) throw new Error("a query returned no rows");
  said.push(`${answer.data.columns[0]?.type} ${answer.data.rows[0]?.["n"]} ${answer.data.engine}`);
}

const ids: unknown[] = [];
let cursor: string | undefined;
do {
  const page = await client.GET("/api/v1/supertables/{supertable}/tables/{table}/rows", {
    params: { ...orders, query: { limit: 2, cursor } },
  });
  if (page.error) throw new Error(page.error.detail);
  ids.push(...page.data.rows.map((each) => each["id"]));
  cursor = page.data.next_cursor ?? undefined;
} while (cursor !== undefined);
said.push(ids.join(","));

const tables = await client.GET("/api/v1/supertables/{supertable}/tables", { params: { path: { supertable: "main" } } });
said.push((tables.data?.items ?? []).map((info) => info.name).join(","));

const refused = await client.POST("/api/v1/query", { body: { sql: "SELECT * FROM nothing" } });
if (!refused.error) throw new Error("a missing table was found");
const problem: components["schemas"]["Problem"] = refused.error;
said.push(`${problem.status} ${problem.type}`);

console.log(said.join("\n"));

// The page: asks for the tools of the MCP server and lists them.
const headers = { "X-CSRF-Token": document.body.dataset.csrf };
const answer = await fetch("/tools", { headers });
const offer = await answer.json();
for (const tool of offer.tools ?? []) {
  const item = document.createElement("li");
  item.textContent = `${tool.name}: ${tool.description ?? ""}`;
  document.getElementById("tools").append(item);
}

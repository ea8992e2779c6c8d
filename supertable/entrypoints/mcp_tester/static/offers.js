// What a server offers, as items with a form each: tools, prompts, and resources.

const PARTS = /\{([^{}]+)\}/g;

const fields = (names, required, about = {}) => ({
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { type: "string", description: about[name] }])),
  required,
});

function fromPrompt(prompt) {
  const given = prompt.arguments ?? [];
  const about = Object.fromEntries(given.map((each) => [each.name, each.description]));
  const required = given.filter((each) => each.required).map((each) => each.name);
  return {
    ...prompt,
    inputSchema: fields(
      given.map((each) => each.name),
      required,
      about,
    ),
  };
}

function fromTemplate(template) {
  const names = [...template.uriTemplate.matchAll(PARTS)].map((match) => match[1]);
  const address = (args) => template.uriTemplate.replace(PARTS, (_, name) => encodeURIComponent(args[name]));
  return {
    ...template,
    description: template.description ?? template.uriTemplate,
    inputSchema: fields(names, names),
    address,
  };
}

const fromResource = (resource) => ({
  ...resource,
  description: resource.description || resource.uri,
  inputSchema: fields([], []),
  address: () => resource.uri,
});

/** Items: `{key, kind, method, name, description, inputSchema, annotations, address}`, in the server's order. */
export function itemsOf(offer) {
  const of = (kind, method, found) =>
    found.map((each) => ({
      ...each,
      kind,
      method,
      key: kind === "tool" ? each.name : `${kind}:${each.uri ?? each.name}`,
    }));
  return [
    ...of("tool", "tools/call", offer.tools),
    ...of("prompt", "prompts/get", offer.prompts.map(fromPrompt)),
    ...of("template", "resources/read", offer.templates.map(fromTemplate)),
    ...of("resource", "resources/read", offer.resources.map(fromResource)),
  ];
}

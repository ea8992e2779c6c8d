// A program over ts-odatajs: metadata, pages, filters and a batch.
const odatajs = require("ts-odatajs");

const [url, token, link] = process.argv.slice(2);
const headers = { Authorization: "Basic " + Buffer.from(`anybody:${token}`).toString("base64") };
const read = (requestUri, more, handler) =>
  new Promise((done, failed) =>
    odatajs.oData.read({ requestUri, headers: { ...headers, ...more } }, done, failed, handler));

const changes = async () => {
  const { value } = await read(link);
  console.log(value.map((each) => each.name || "removed").join(","));
};

const all = async () => {
  const metadata = await read(`${url}$metadata`, {}, odatajs.oData.metadataHandler);
  const types = metadata.dataServices.schema[0].entityType.map((each) => each.name);
  console.log(types.sort().join(","));
  console.log((await read(`${url}airlines('UA')`)).name);
  let rows = 0;
  let next = `${url}flights`;
  while (next) {
    const page = await read(next, { Prefer: "odata.maxpagesize=5000" });
    rows += page.value.length;
    next = page["@odata.nextLink"];
  }
  console.log(rows);
  const late = await read(`${url}flights?$filter=dep_delay gt 120&$orderby=dep_delay desc&$top=3`);
  console.log(late.value.map((each) => `${each.carrier}${each.flight}`).join(","));
  const groups = await read(`${url}flights?$apply=groupby((origin),aggregate($count as n))&$orderby=origin`);
  console.log(groups.value.map((each) => `${each.origin}=${each.n}`).join(","));
  const tracked = await read(`${url}airlines`, { Prefer: "odata.track-changes" });
  console.log(tracked["@odata.deltaLink"]);
};

(link ? changes() : all()).catch((error) => {
  console.error(error);
  process.exit(1);
});

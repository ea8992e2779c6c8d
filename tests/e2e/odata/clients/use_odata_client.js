// A program over @odata/client: entity sets, keys, filters, orders and counts.
const { OData } = require("@odata/client");

const [url, token] = process.argv.slice(2);
const client = OData.New4({ serviceEndpoint: url, credential: { username: "anybody", password: token } });

(async () => {
  const flights = client.getEntitySet("flights");
  console.log((await client.getEntitySet("airlines").retrieve("UA")).name);
  const filter = client.newFilter().property("dep_delay").gt(120);
  const options = client.newOptions().filter(filter).orderby("dep_delay", "desc").top(3);
  console.log((await flights.query(options)).map((each) => `${each.carrier}${each.flight}`).join(","));
  console.log(await flights.count(client.newFilter().property("origin").eq("JFK")));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

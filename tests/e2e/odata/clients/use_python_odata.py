"""A program over python-odata: it reflects the service, lists, pages, filters, aggregates and follows a delta link."""

from __future__ import annotations

import sys

import requests
from odata import ODataService

url, token, *links = sys.argv[1:]
session = requests.Session()
session.auth = ("anybody", token)
if links:
    print(",".join(each.get("name", "removed") for each in session.get(links[0]).json()["value"]))
    sys.exit()
service = ODataService(url, session=session, reflect_entities=True, quiet_progress=True)
flights, airlines = service.entities["flights"], service.entities["airlines"]
print(",".join(sorted(service.entities)))
print(service.query(airlines).get("UA").name)
print(sum(1 for _ in service.query(flights)))
late = service.query(flights).filter(flights.dep_delay > 120).order_by(flights.dep_delay.desc()).limit(3)
print(",".join(f"{each.carrier}{each.flight}" for each in late))
print(service.query(flights).filter(flights.origin == "JFK").count())
groups = service.query(flights).raw({"$apply": "groupby((origin),aggregate($count as n))", "$orderby": "origin"})
print(",".join(f"{each['origin']}={each['n']}" for each in groups))
answer = session.get(f"{url}airlines", headers={"Prefer": "odata.track-changes"}).json()
print(answer["@odata.deltaLink"])

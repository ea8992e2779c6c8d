"""Browsers of the MCP tester, without scripts: they keep cookies, and read CSRF tokens out of pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import httpx

from tests.support.api.http import open_client


class Page(HTMLParser):
    """`body`: its attributes, decoded. `fields`: the values of inputs by name. `tags`: each with its attributes.
    `text`: all of it."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.body: dict[str, str] = {}
        self.fields: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "body":
            self.body = given
        if tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        self.text += data


class Browser:
    """One person at the tester. `address`: where they seem to come from, for a tester behind a proxy."""

    def __init__(self, url: str, address: str = "192.0.2.1") -> None:
        self.http: httpx.Client = open_client(url, headers={"X-Forwarded-For": address}, timeout=60)
        self.csrf = ""

    def sign_in(self, token: str, **fields: str) -> httpx.Response:
        page = Page(self.http.get("/login").text)
        answer = self.http.post("/login", data={**page.fields, "token": token, **fields})
        if answer.status_code == 303:
            self.csrf = Page(self.http.get("/").text).body["data-csrf"]
        return answer

    def tools(self) -> httpx.Response:
        return self.http.get("/tools", headers={"X-CSRF-Token": self.csrf})

    def call(self, name: str, headers: dict[str, str] | None = None, **arguments: Any) -> httpx.Response:
        sent = {"X-CSRF-Token": self.csrf, **(headers or {})}
        return self.http.post("/call", headers=sent, json={"name": name, "arguments": arguments})

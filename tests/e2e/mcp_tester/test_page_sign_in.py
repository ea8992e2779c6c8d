"""Signing in to the tester: sessions, their cookies, and requests of other pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable

import httpx
import pytest
from cryptography.fernet import Fernet

from supertable import Lake
from tests.e2e.mcp_tester.conftest import SECRET
from tests.support.api.service import ApiService
from tests.support.mcp.tester import Browser, Page

OpenBrowser = Callable[..., Browser]
HOUR = 3600


def forged(token: str, age: float = 0, secret: str = SECRET) -> str:
    """A cookie, made by HKDF (RFC 5869) and Fernet as the documents say, `age` seconds ago."""
    extracted = hmac.digest(bytes(32), secret.encode(), hashlib.sha256)
    key = hmac.digest(extracted, b"st_session\x01", hashlib.sha256)
    content = json.dumps(["csrf", "default", token, None]).encode()
    made = Fernet(base64.urlsafe_b64encode(key)).encrypt_at_time(content, int(time.time() - age))
    return made.decode().rstrip("=")


def lands_on(browser: Browser) -> str:
    answer = browser.http.get("/")
    return answer.headers["Location"] if answer.status_code == 303 else "/"


def test_a_right_token_opens_a_session(open_browser: OpenBrowser, token: str, tester: ApiService) -> None:
    browser = open_browser()
    assert lands_on(browser) == "/login"
    answer = browser.sign_in(token)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", f"max-age={8 * HOUR}"} <= attributes
    value = cookie.split(";")[0].partition("=")[2]
    assert token.encode() not in base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    assert "ann" in browser.http.get("/").text
    assert token not in browser.http.get("/").text
    assert token not in tester.log()
    assert value not in tester.log()


@pytest.mark.parametrize("given", ["", "st_wrong", "x" * 20_000, "not ascii: é"], ids=["none", "wrong", "long", "odd"])
def test_a_wrong_token_opens_none(open_browser: OpenBrowser, given: str) -> None:
    browser = open_browser("192.0.2.2")
    answer = browser.sign_in(given)
    assert answer.status_code in {400, 401}
    assert "Nothing was done" in answer.text or "No token was given" in answer.text
    assert not given or given not in answer.text
    assert lands_on(browser) == "/login"


def test_a_role_that_the_user_lacks_opens_none(open_browser: OpenBrowser, token: str) -> None:
    browser = open_browser("192.0.2.3")
    assert browser.sign_in(token, role="superadmin").status_code == 403
    assert lands_on(browser) == "/login"
    assert browser.sign_in(token, role="clerk").status_code == 303


@pytest.mark.parametrize("change", ["cut", "other key", "expired", "no token"])
def test_a_forged_or_expired_cookie_is_worth_nothing(open_browser: OpenBrowser, token: str, change: str) -> None:
    right = forged(token, age=7 * HOUR)
    wrong = {
        "cut": right[:-3],
        "other key": forged(token, secret="another secret that is long enough too"),
        "expired": forged(token, age=9 * HOUR),
        "no token": forged(""),
    }
    browser = open_browser("192.0.2.4")
    browser.csrf = "csrf"
    browser.http.headers["Cookie"] = f"st_session={right}"
    assert browser.tools().status_code == 200
    browser.http.headers["Cookie"] = f"st_session={wrong[change]}"
    assert lands_on(browser) == "/login"
    assert browser.tools().status_code == 401
    assert browser.call("whoami").status_code == 401


def test_a_visit_from_another_site_keeps_the_session(ann: Browser, open_browser: OpenBrowser) -> None:
    """Its browser sends no cookie, but takes those that are set."""
    elsewhere = open_browser()
    for path in ("/", "/login"):
        assert "st_session" not in elsewhere.http.get(path).headers.get("Set-Cookie", "")
    assert "st_session" not in elsewhere.http.post("/login", data={}).headers.get("Set-Cookie", "")
    assert lands_on(ann) == "/"


def test_a_revoked_token_ends_its_session(open_browser: OpenBrowser, lake: Lake) -> None:
    created = lake.tokens.create("to be revoked", "ann")
    browser = open_browser()
    browser.sign_in(created.secret)
    assert lands_on(browser) == "/"
    lake.tokens.revoke(created.info.id)
    assert browser.call("whoami").status_code == 401
    assert lands_on(browser) == "/login"


def test_signing_out_ends_the_session(ann: Browser) -> None:
    assert ann.http.post("/logout", data={"csrf_token": "another"}).status_code == 403
    assert lands_on(ann) == "/"
    answer = ann.http.post("/logout", data={"csrf_token": ann.csrf})
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert lands_on(ann) == "/login"
    assert ann.tools().status_code == 401


def _refused(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and "Nothing was done" in answer.text


def test_every_request_of_a_script_needs_the_token_of_its_session(
    ann: Browser, open_browser: OpenBrowser, token: str
) -> None:
    other = open_browser()
    other.sign_in(token)
    for csrf in ("", "wrong", other.csrf, "%C3%A9"):
        ann.csrf, right = csrf, ann.csrf
        assert _refused(ann.tools())
        assert _refused(ann.call("whoami"))
        assert ann.http.post("/login", data={"csrf_token": csrf, "token": token}).status_code == 403
        ann.csrf = right
    assert ann.call("whoami").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}],
    ids=["other", "null", "empty", "cross-site", "same-site"],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(ann: Browser, token: str, headers: dict[str, str]) -> None:
    assert _refused(ann.call("whoami", headers))
    page = Page(ann.http.get("/login").text)
    assert ann.http.post("/login", headers=headers, data={**page.fields, "token": token}).status_code == 403
    own = {"Origin": str(ann.http.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert Browser.sign_in(ann, token).status_code == 303
    assert ann.call("whoami", own).status_code == 200


def test_guessing_is_slowed_down_for_its_address_alone(open_browser: OpenBrowser, token: str) -> None:
    guessing = open_browser("198.51.100.9")
    page = Page(guessing.http.get("/login").text)
    answers = [guessing.http.post("/login", data={**page.fields, "token": f"st_{guess}"}) for guess in range(45)]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) in range(20, 41), "20 in a minute, and perhaps a minute began"
    assert open_browser("198.51.100.10").sign_in(token).status_code == 303

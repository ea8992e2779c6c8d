"""JWTs: which are accepted, with a real server of the issuer's keys."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from supertable.adapters.clocks.manual import ManualClock
from supertable.adapters.clocks.system import SystemClock
from supertable.adapters.token_verifiers.jwt import JwtRules, JwtVerifier
from supertable.adapters.token_verifiers.key_sources import url_reader
from supertable.adapters.token_verifiers.keys import keys_from_secret
from supertable.application.ports.token_verifiers import Claims, TokenVerifier
from supertable.config.backends.sign_in_methods import token_verifier
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import InvalidSetting, Unavailable
from tests.servers.jwks import (
    AUDIENCE,
    EC,
    ED,
    ISSUER,
    LONG_EC,
    OTHER_RSA,
    RSA,
    SHORT_RSA,
    JwksServer,
    assembled,
    claims,
    encoded,
    jwk,
    jwks,
    pem,
    token,
)
from tests.servers.tokens import certificate

SECRET = "a secret of the tests, with more than 32 characters"


def now() -> int:
    return int(time.time())


def sign_rsa(signed: bytes) -> bytes:
    return RSA.sign(signed, padding.PKCS1v15(), hashes.SHA256())


@pytest.fixture
def server() -> Iterator[JwksServer]:
    server = JwksServer()
    server.serve({"1": RSA, "ec": EC, "ed": ED})
    yield server
    server.stop()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def verifier(home: Path, clock: ManualClock | None = None, **more: Any) -> TokenVerifier:
    settings = load_settings(home=home, jwt_issuer=ISSUER, jwt_audience=AUDIENCE, **{"jwt_leeway_seconds": 0, **more})
    made = token_verifier(settings, clock or ManualClock())
    assert made
    return made


@pytest.fixture
def jwt_verifier(home: Path, clock: ManualClock, server: JwksServer) -> TokenVerifier:
    return verifier(home, clock, jwt_jwks_url=server.url)


def test_the_claims_of_a_token(jwt_verifier: TokenVerifier) -> None:
    end = now() + 600
    found = jwt_verifier.claims(token(exp=end))
    assert found == Claims(ISSUER, "ann", "ann", "default", end * 1_000_000, ("reader",), ())


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "1"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")])
def test_every_algorithm(jwt_verifier: TokenVerifier, key: Any, algorithm: str, kid: str) -> None:
    assert jwt_verifier.claims(token(key, algorithm, kid))
    assert jwt_verifier.claims(token(key, algorithm, "other")) is None


@pytest.mark.parametrize("key", [RSA, EC, ED])
@pytest.mark.parametrize("form", ["jwks", "pem"])
def test_keys_of_a_file(home: Path, key: Any, form: str) -> None:
    file = home / "keys"
    file.write_bytes(pem(key) if form == "pem" else jwks({"1": key}))
    configured = verifier(home, jwt_jwks_file=file)
    algorithm = {RSA: "RS256", EC: "ES256", ED: "EdDSA"}[key]
    assert configured.claims(token(key, algorithm))
    assert configured.claims(token(key, algorithm, None))
    assert configured.claims(token(OTHER_RSA)) is None


def test_a_shared_secret(home: Path) -> None:
    configured = verifier(home, jwt_secret=SECRET)
    assert configured.claims(token(SECRET, "HS256"))
    assert configured.claims(token(SECRET + "x", "HS256")) is None
    assert configured.claims(token(SECRET, "HS512")) is None
    assert configured.claims(token(RSA)) is None


def hs256(key: bytes) -> Any:
    return lambda signed: hmac.new(key, signed, hashlib.sha256).digest()


REFUSED: dict[str, Any] = {
    "no algorithm": lambda: assembled({"alg": "none", "kid": "1"}, claims()),
    "no algorithm, in other letters": lambda: assembled({"alg": "nOnE", "kid": "1"}, claims()),
    "no algorithm and a valid signature": lambda: assembled({"alg": "none", "kid": "1"}, claims(), sign_rsa),
    "an algorithm that is missing": lambda: assembled({"kid": "1"}, claims(), sign_rsa),
    "an algorithm that is not text": lambda: assembled({"alg": ["RS256"], "kid": "1"}, claims(), sign_rsa),
    "HS256 by the public key as PEM": lambda: assembled({"alg": "HS256", "kid": "1"}, claims(), hs256(pem(RSA))),
    "HS256 by the public key as JWK": lambda: assembled(
        {"alg": "HS256", "kid": "1"}, claims(), hs256(json.dumps(jwk(RSA, "1")).encode())
    ),
    "HS256 by nothing": lambda: assembled({"alg": "HS256", "kid": "1"}, claims(), hs256(b"")),
    "another algorithm of the same key": lambda: token(RSA, "RS512"),
    "PSS by the same key": lambda: token(RSA, "PS256"),
    "a key of another kind under that id": lambda: token(EC, "ES256", "1"),
    "another's key": lambda: token(OTHER_RSA),
    "another's key, which it brings along": lambda: token(OTHER_RSA, header={"jwk": jwk(OTHER_RSA)}),
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "another payload": lambda: ".".join(
        [token().split(".")[0], encoded(json.dumps(claims(role="superadmin")).encode()), token().split(".")[2]]
    ),
    "an id that is a path": lambda: token(OTHER_RSA, kid="../../../../dev/null"),
    "an id that is SQL": lambda: token(OTHER_RSA, kid="1' OR '1'='1"),
    "an id that is an address": lambda: token(OTHER_RSA, kid="https://attacker.invalid/keys"),
    "an id that is a number": lambda: assembled({"alg": "RS256", "kid": 1}, claims(), sign_rsa),
    "an id that is a list": lambda: assembled({"alg": "RS256", "kid": ["1"]}, claims(), sign_rsa),
    "no id where there are several keys": lambda: token(kid=None),
    "a critical extension": lambda: token(header={"crit": ["x"], "x": 1}),
    "a payload that is not in it": lambda: assembled({"alg": "RS256", "kid": "1", "b64": False}, b"", sign_rsa),
    "another audience": lambda: token(aud="other"),
    "an audience that only begins alike": lambda: token(aud=AUDIENCE + "2"),
    "no audience": lambda: token(aud=None),
    "an empty list of audiences": lambda: token(aud=[]),
    "an audience that is an object": lambda: token(aud={AUDIENCE: 1}),
    "another issuer": lambda: token(iss="https://attacker.invalid/"),
    "the issuer without its slash": lambda: token(iss=ISSUER.rstrip("/")),
    "no issuer": lambda: token(iss=None),
    "an issuer that is a list": lambda: assembled({"alg": "RS256", "kid": "1"}, claims(iss=[ISSUER]), sign_rsa),
    "no subject": lambda: token(sub=None),
    "an empty subject": lambda: token(sub=""),
    "a subject that is a number": lambda: assembled({"alg": "RS256", "kid": "1"}, claims(sub=7), sign_rsa),
    "a subject of control characters": lambda: token(sub="ann\n"),
    "a subject of 2,000 characters": lambda: token(sub="a" * 2_000),
    "expired": lambda: token(exp=now() - 1),
    "no expiry": lambda: token(exp=None),
    "an expiry that is text": lambda: token(exp="soon"),
    "an infinite expiry": lambda: assembled(
        {"alg": "RS256", "kid": "1"}, json.dumps(claims(exp=float("inf"))).encode(), sign_rsa
    ),
    "an expiry that is not a number": lambda: assembled(
        {"alg": "RS256", "kid": "1"}, json.dumps(claims(exp=float("nan"))).encode(), sign_rsa
    ),
    "an expiry that is a list": lambda: token(exp=[now() + 60]),
    "an expiry that is digits": lambda: token(exp=str(now() + 60)),
    "an expiry that is true": lambda: token(exp=True),
    "a negative expiry": lambda: token(exp=-1),
    "an expiry after the year 9999": lambda: token(exp=253_402_300_800),
    "an expiry of 400 digits": lambda: token(exp=10**400),
    "a start that is digits": lambda: assembled({"alg": "RS256", "kid": "1"}, claims(nbf=str(now() - 60)), sign_rsa),
    "a negative start": lambda: token(nbf=-1),
    "an issue time that is digits": lambda: assembled({"alg": "RS256", "kid": "1"}, claims(iat=str(now())), sign_rsa),
    "an issue time that is true": lambda: token(iat=True),
    "not valid yet": lambda: token(nbf=now() + 600),
    "issued in the future": lambda: token(iat=now() + 600),
    "a role that is a number": lambda: token(role=1),
    "a role that is an object": lambda: token(role={"reader": True}),
    "an empty role": lambda: token(role=""),
    "roles that are not all text": lambda: token(role=["reader", None]),
    "too many roles": lambda: token(role=["reader"] * 65),
    "bad UTF-8": lambda: assembled({"alg": "RS256", "kid": "1"}, b'{"sub": "\xff\xfe"}', sign_rsa),
    "bad UTF-8 in its header": lambda: assembled(b'{"alg": "RS256", "kid": "\xff"}', claims(), sign_rsa),
    "half a surrogate": lambda: assembled(
        {"alg": "RS256", "kid": "1"}, json.dumps(claims()).replace('"ann"', '"\\ud800"').encode(), sign_rsa
    ),
    "a payload that is a list": lambda: assembled({"alg": "RS256", "kid": "1"}, [claims()], sign_rsa),
    "a payload that is not JSON": lambda: assembled({"alg": "RS256", "kid": "1"}, b"sub=ann", sign_rsa),
    "a deeply nested payload": lambda: assembled({"alg": "RS256", "kid": "1"}, b"[" * 10_000, sign_rsa),
    "a deeply nested header": lambda: assembled(b"[" * 10_000, claims(), sign_rsa),
    "a header that is a list": lambda: assembled(["RS256"], claims(), sign_rsa),
    "base64 with spaces": lambda: token().replace(".", " ."),
    "five parts": lambda: token() + ".x.y",
    "an encrypted token": lambda: assembled({"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "1"}, b"x") + ".x.y",
}


@pytest.mark.parametrize("attack", REFUSED)
def test_attacks_are_refused(jwt_verifier: TokenVerifier, attack: str) -> None:
    assert jwt_verifier.claims(token()), "the token that the attack modifies is valid itself"
    assert jwt_verifier.claims(REFUSED[attack]()) is None


@given(st.text(max_size=200) | st.lists(st.binary(max_size=60).map(encoded), min_size=2, max_size=4).map(".".join))
def test_arbitrary_text_is_refused(text: str) -> None:
    assert JwtVerifier(JwtRules(ISSUER, AUDIENCE, "default"), keys_from_secret(SECRET)).claims(text) is None


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "role", "roles", "region", "x"]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5),
    )
)
def test_odd_claims_never_give_an_invalid_identity(odd: dict[str, Any]) -> None:
    configured = JwtVerifier(
        JwtRules(ISSUER, AUDIENCE, "default", attribute_claims=("region",)), keys_from_secret(SECRET)
    )
    text = assembled({"alg": "HS256"}, json.dumps({**claims(), **odd}).encode(), hs256(SECRET.encode()))
    found = configured.claims(text)
    assert found is None or (found.subject and found.issuer == ISSUER)


def test_key_urls_in_the_header_are_never_fetched(jwt_verifier: TokenVerifier) -> None:
    attacker = JwksServer()
    attacker.serve({"1": OTHER_RSA})
    try:
        header = {"jku": attacker.url, "x5u": attacker.url, "jwk": jwk(OTHER_RSA), "x5c": ["AAAA"]}
        assert jwt_verifier.claims(token(OTHER_RSA, header=header)) is None
        assert jwt_verifier.claims(token(RSA, header=header)), "such headers are ignored"
        assert attacker.requests == 0
    finally:
        attacker.stop()


def test_of_two_claims_with_one_name_the_last_counts(jwt_verifier: TokenVerifier) -> None:
    """RFC 7519, section 4, allows either this or refusing. All readers of a token must agree."""
    twice = json.dumps(claims()).replace('"role": "reader"', '"role": "superadmin", "role": "reader"').encode()
    found = jwt_verifier.claims(assembled({"alg": "RS256", "kid": "1"}, twice, sign_rsa))
    assert found
    assert found.roles == ("reader",)


def test_leeway(home: Path) -> None:
    strict = verifier(home, jwt_secret=SECRET)
    lenient = verifier(home, jwt_secret=SECRET, jwt_leeway_seconds=60)
    for late in (token(SECRET, "HS256", exp=now() - 5), token(SECRET, "HS256", nbf=now() + 30)):
        assert strict.claims(late) is None
        assert lenient.claims(late)
    end = now() + 5
    found = lenient.claims(token(SECRET, "HS256", exp=end))
    assert found
    assert found.expires_at_us == (end + 60) * 1_000_000


def test_claims_are_mapped_by_settings(home: Path) -> None:
    configured = verifier(
        home,
        jwt_secret=SECRET,
        jwt_user_claim="email",
        jwt_role_claim="https://tests.invalid/roles",
        jwt_attribute_claims="region, team,level,cleared,absent",
        jwt_organization_claim="tenant",
    )
    mapped: dict[str, Any] = {
        "email": "ann@tests.invalid",
        "https://tests.invalid/roles": ["writer", "reader"],
        "region": "EU",
        "team": {"name": "sales", "size": 7},
        "level": 3,
        "cleared": True,
        "tenant": "acme",
    }
    found = configured.claims(token(SECRET, "HS256", **mapped))
    assert found
    assert (found.subject, found.name, found.organization) == ("ann", "ann@tests.invalid", "acme")
    assert found.roles == ("writer", "reader")
    assert dict(found.attributes) == {"region": "EU", "name": "sales", "size": "7", "level": "3", "cleared": "true"}
    for missing in ("email", "tenant"):
        assert configured.claims(token(SECRET, "HS256", **{**mapped, missing: None})) is None, missing
    for odd in ([], ["EU"], 1.5, {"a": {"b": "c"}}, "x" * 2_000, "a\x00b"):
        assert configured.claims(token(SECRET, "HS256", **{**mapped, "region": odd})) is None, odd
    without = configured.claims(token(SECRET, "HS256", **{**mapped, "https://tests.invalid/roles": None}))
    assert without
    assert without.roles == (), "the claim `role` is not the configured one"


def test_keys_are_fetched_once_and_again_for_a_new_id(
    jwt_verifier: TokenVerifier, clock: ManualClock, server: JwksServer
) -> None:
    for _ in range(20):
        assert jwt_verifier.claims(token())
    assert server.requests == 1
    server.serve({"2": OTHER_RSA})
    assert jwt_verifier.claims(token(OTHER_RSA, kid="2")) is None, "the server is not asked again so soon"
    clock.advance(31)
    assert jwt_verifier.claims(token(OTHER_RSA, kid="2"))
    assert jwt_verifier.claims(token()) is None, "the old key was withdrawn"
    assert server.requests == 2


def test_invented_key_ids_cause_no_storm_of_requests(
    jwt_verifier: TokenVerifier, clock: ManualClock, server: JwksServer
) -> None:
    for number in range(200):
        assert jwt_verifier.claims(token(OTHER_RSA, kid=f"made up {number}")) is None
    assert server.requests == 1
    assert jwt_verifier.claims(token())


def test_a_withdrawn_key_is_soon_refused(jwt_verifier: TokenVerifier, clock: ManualClock, server: JwksServer) -> None:
    assert jwt_verifier.claims(token())
    server.serve({"2": OTHER_RSA})
    clock.advance(299)
    assert jwt_verifier.claims(token())
    clock.advance(2)
    assert jwt_verifier.claims(token()) is None


OUTAGES: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "not there": {"status": 404},
    "not JSON": {"body": b"<html>"},
    "a list": {"body": b"[]"},
    "no keys": {"body": b'{"keys": []}'},
    "invalid keys": {"body": b'{"keys": [1, null, {}, {"kty": "RSA"}]}'},
    "a secret": {"body": b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "1"}]}'},
    "too large": {"body": b" " * 1_100_000 + jwks({"1": RSA})},
    "cut off": {"body": jwks({"1": RSA})[:-10], "headers": {"Content-Length": "5000"}},
    "deeply nested": {"body": b"[" * 100_000},
    "elsewhere": {"status": 302, "headers": {"Location": "/elsewhere"}},
    "slow": {"pause": 4.0},
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_during_an_outage_known_keys_are_used_for_an_hour(
    jwt_verifier: TokenVerifier, clock: ManualClock, server: JwksServer, outage: str
) -> None:
    """Known keys are used for an hour. After that, and for unknown ids, sign-in raises `Unavailable`."""
    assert jwt_verifier.claims(token())
    for name, value in OUTAGES[outage].items():
        setattr(server, name, value)
    clock.advance(301)
    assert jwt_verifier.claims(token())
    with pytest.raises(Unavailable):
        jwt_verifier.claims(token(OTHER_RSA, kid="2"))
    requests = server.requests
    assert jwt_verifier.claims(token())
    assert server.requests == requests, "not asked again at once"
    clock.advance(3_300)
    with pytest.raises(Unavailable):
        jwt_verifier.claims(token())
    server.pause, server.headers = 0.0, {}
    server.serve({"1": RSA})
    clock.advance(31)
    assert jwt_verifier.claims(token())


def test_an_unreachable_key_server(home: Path, clock: ManualClock, server: JwksServer) -> None:
    server.stop()
    configured = verifier(home, clock, jwt_jwks_url=server.url)
    with pytest.raises(Unavailable, match="keys"):
        configured.claims(token())


def test_a_very_slow_key_server(server: JwksServer) -> None:
    server.byte_pause = 0.5
    started = time.monotonic()
    with pytest.raises(OSError, match="not complete"):
        url_reader(server.url, SystemClock())()
    assert time.monotonic() - started < 60


def test_a_key_server_with_an_untrusted_certificate(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are fetched only over TLS, from a server whose certificate the machine trusts."""
    files = certificate(home)
    server = JwksServer(files)
    server.serve({"1": RSA})
    try:
        with pytest.raises(Unavailable):
            verifier(home, jwt_jwks_url=server.url).claims(token())
        with pytest.raises(Unavailable):
            verifier(home, jwt_jwks_url=server.url.replace("127.0.0.1", "localhost")).claims(token())
        assert server.requests == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        assert verifier(home, jwt_jwks_url=server.url).claims(token())
        with pytest.raises(Unavailable):
            verifier(home, jwt_jwks_url=server.url.replace("127.0.0.1", "localhost")).claims(token())
    finally:
        server.stop()


def test_a_slow_key_server_blocks_one_caller_only(
    jwt_verifier: TokenVerifier, clock: ManualClock, server: JwksServer
) -> None:
    assert jwt_verifier.claims(token())
    server.pause = 4
    clock.advance(301)
    waiting = threading.Thread(target=lambda: jwt_verifier.claims(token()))
    waiting.start()
    while server.requests < 2:
        time.sleep(0.01)
    assert jwt_verifier.claims(token())
    assert waiting.is_alive()
    waiting.join()


def test_a_file_is_read_again(home: Path, clock: ManualClock) -> None:
    file = home / "keys"
    file.write_bytes(pem(RSA))
    configured = verifier(home, clock, jwt_jwks_file=file)
    assert configured.claims(token())
    file.write_bytes(pem(OTHER_RSA))
    clock.advance(301)
    assert configured.claims(token()) is None
    assert configured.claims(token(OTHER_RSA))


@pytest.mark.parametrize("key", [SHORT_RSA, LONG_EC])
def test_weak_and_unsupported_keys_are_refused(home: Path, key: Any) -> None:
    file = home / "keys"
    file.write_bytes(jwks({"1": key, "2": RSA}))
    algorithm = "RS256" if key is SHORT_RSA else "ES384"
    assert verifier(home, jwt_jwks_file=file).claims(token(key, algorithm)) is None


@pytest.mark.parametrize("more", [{"use": "enc"}, {"alg": "RS512"}, {"alg": "HS256"}])
def test_keys_for_other_uses_are_refused(home: Path, more: dict[str, str]) -> None:
    file = home / "keys"
    file.write_bytes(json.dumps({"keys": [jwk(RSA, "1", **more), jwk(OTHER_RSA, "2")]}).encode())
    configured = verifier(home, jwt_jwks_file=file)
    assert configured.claims(token(RSA)) is None
    assert configured.claims(token(OTHER_RSA, kid="2"))


CONTRADICTORY: list[dict[str, Any]] = [
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE},
    {"jwt_issuer": ISSUER, "jwt_secret": SECRET},
    {"jwt_audience": AUDIENCE, "jwt_secret": SECRET},
    {"jwt_secret": SECRET},
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_secret": "short"},
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_secret": SECRET, "jwt_jwks_url": "https://x.invalid/keys"},
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_jwks_url": "http://issuer.invalid/keys"},
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_jwks_url": "http://127.0.0.1@issuer.invalid/keys"},
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_jwks_url": "file:///etc/passwd"},
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_jwks_file": "missing"},
    {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_jwks_file": "."},
]


@pytest.mark.parametrize("given", CONTRADICTORY)
def test_contradictory_settings_are_refused(home: Path, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting) as caught:
        token_verifier(load_settings(home=home, **given), ManualClock())
    assert SECRET not in str(caught.value)


def test_invalid_key_files_are_refused(home: Path) -> None:
    file = home / "keys"
    for text in (
        b"",
        b"{}",
        b"nothing",
        RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        pem(LONG_EC),
    ):
        file.write_bytes(text)
        with pytest.raises(InvalidSetting, match="SUPERTABLE_JWT_JWKS_FILE"):
            verifier(home, jwt_jwks_file=file)


def test_without_settings_there_is_no_verifier(home: Path) -> None:
    assert token_verifier(load_settings(home=home), ManualClock()) is None


def test_logs_never_contain_the_token(
    jwt_verifier: TokenVerifier, caplog: pytest.LogCaptureFixture, server: JwksServer
) -> None:
    caplog.set_level("DEBUG")
    for attack in REFUSED.values():
        jwt_verifier.claims(attack())
    signatures = [part for part in token().split(".") if len(part) > 20]
    assert not any(part in caplog.text for part in signatures)
    assert len(caplog.records) >= len(REFUSED)

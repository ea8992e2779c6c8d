"""Signing in with the super token, stored tokens and JWTs, over a real lake."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from supertable import Lake
from supertable.adapters.clocks.manual import ManualClock
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.accounts import Access, AccessAction, AccessChange, token_digest
from supertable.domain.access.roles import Permission, Role, RoleType
from supertable.domain.access.sessions import Session, external_user_hash, owner, superuser_hash
from supertable.domain.errors import (
    AccessDenied,
    InvalidName,
    InvalidSetting,
    NotSignedIn,
    StoreUnavailable,
    Unavailable,
)
from supertable.domain.timestamps import moment
from tests.servers.jwks import AUDIENCE, ISSUER, token
from tests.support.faulty_store import FaultyStore

SUPER_TOKEN = "the super token of these tests"
SECRET = "a secret of the tests, with more than 32 characters"
ROOT = owner("default")
HOUR = 3_600


class Deployment:
    """One container, its users ann (reader, writer) and bob (no role), and roles reader, writer, boss."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.home = home
        self.clock = ManualClock(time.time_ns() // 1_000)
        given = {"supertoken": SUPER_TOKEN, **settings}
        self.container = self.another(**given)
        self.sign_in = self.container.sign_in()
        kinds = {"reader": RoleType.READER, "Writer": RoleType.WRITER, "boss": RoleType.SUPERADMIN}
        self.put(*(AccessChange(AccessAction.PUT_ROLE, role=Role(name, kind, ("*",))) for name, kind in kinds.items()))
        users = self.container.manage_users()
        self.ann = users.create(ROOT, "ann", ["reader", "Writer"], {"region": "EU"})
        self.bob = users.create(ROOT, "bob")

    def another(self, **settings: Any) -> Container:
        container = Container(settings=load_settings(home=self.home, **settings))
        container.clock.override(providers.Object(self.clock))
        return container

    def put(self, *changes: AccessChange) -> None:
        self.container.access_log().change("default", "tests", lambda _: changes)

    def token(self, user: str | None = "ann", **options: Any) -> str:
        secret: str = self.container.manage_tokens().create(ROOT, f"{time.monotonic_ns()}", user, **options).secret
        return secret

    def access(self) -> Access:
        access: Access = self.container.access_log().newest("default")
        return access

    def used(self, credential: str) -> int | None:
        self.container.token_last_use().close()
        token = self.access().token_of(token_digest(credential))
        return token.used_at_us if token else None

    def close(self) -> None:
        self.container.token_last_use().close()
        self.container.catalog().close()


Deploy = Callable[..., Deployment]


@pytest.fixture
def deploy(home: Path) -> Iterator[Deploy]:
    made: list[Deployment] = []

    def deployed(**settings: Any) -> Deployment:
        made.append(Deployment(home / str(len(made)), **settings))
        return made[-1]

    yield deployed
    for each in made:
        each.close()


@pytest.fixture
def lake(deploy: Deploy) -> Deployment:
    return deploy()


def refused(deployment: Deployment, credential: str, organization: str = "default") -> str:
    with pytest.raises(NotSignedIn) as caught:
        deployment.sign_in(organization, credential)
    return str(caught.value)


def test_the_super_token(lake: Deployment) -> None:
    expected = Session("default", superuser_hash("default"), "superuser", "superadmin", superuser=True)
    assert lake.sign_in("default", SUPER_TOKEN) == expected
    assert lake.sign_in("default", SUPER_TOKEN, "SuperAdmin") == expected
    assert lake.sign_in("default", SUPER_TOKEN, "").role == "superadmin"
    assert lake.sign_in("default", SUPER_TOKEN, "WRITER").role == "Writer"
    assert lake.sign_in("other", SUPER_TOKEN).user == superuser_hash("other")
    with pytest.raises(AccessDenied, match="nothing"):
        lake.sign_in("default", SUPER_TOKEN, "nothing")


def test_the_older_setting_counts_only_without_the_newer(deploy: Deploy) -> None:
    assert deploy(supertoken=None, admin_token="an admin token").sign_in("default", "an admin token").superuser
    both = deploy(admin_token="an admin token", superhash="AB" * 16)
    assert both.sign_in("default", SUPER_TOKEN).user == "ab" * 16
    refused(both, "an admin token")


@pytest.mark.parametrize("hashed", ["ab", "xy" * 16, "ab" * 17, "ab" * 15 + "a\n"])
def test_a_superhash_is_hexadecimal(home: Path, hashed: str) -> None:
    with pytest.raises(InvalidSetting, match="SUPERTABLE_SUPERHASH"):
        load_settings(home=home, superhash=hashed)


def test_a_stored_token(lake: Deployment) -> None:
    session = lake.sign_in("default", lake.token())
    assert (session.user, session.name, session.role) == (lake.ann.hash, "ann", "reader")
    assert (session.superuser, session.external, session.until_us, session.attributes) == (False, False, None, ())
    assert session.token in lake.access().tokens


def test_a_user_may_choose_a_role_they_have(lake: Deployment) -> None:
    credential = lake.token()
    assert lake.sign_in("default", credential, "writer").role == "Writer"
    for role in ("boss", "superadmin", "nothing"):
        with pytest.raises(AccessDenied):
            lake.sign_in("default", credential, role)
    for role in ("reader ", "réader", "re*der", "x" * 200, "\x00"):
        with pytest.raises(InvalidName):
            lake.sign_in("default", credential, role)


def test_a_token_that_is_bound_to_a_role(lake: Deployment) -> None:
    credential = lake.token(role="writer")
    assert lake.sign_in("default", credential).role == "Writer"
    assert lake.sign_in("default", credential, "WRITER").role == "Writer"
    with pytest.raises(AccessDenied, match="Writer"):
        lake.sign_in("default", credential, "reader")
    lake.container.manage_users().alter(ROOT, "ann", roles=["reader"])
    with pytest.raises(AccessDenied):
        lake.sign_in("default", credential)


def test_a_user_without_a_role_cannot_sign_in(lake: Deployment) -> None:
    with pytest.raises(AccessDenied, match="no role"):
        lake.sign_in("default", lake.token("bob"))
    with pytest.raises(AccessDenied):
        lake.sign_in("default", lake.token("bob"), "reader")


def test_a_token_of_the_superuser(lake: Deployment) -> None:
    session = lake.sign_in("default", lake.token(None))
    assert (session.superuser, session.role, session.user) == (True, "superadmin", superuser_hash("default"))
    assert not session.irrevocable
    bound = lake.token(None, role="reader")
    assert lake.sign_in("default", bound).role == "reader"
    with pytest.raises(AccessDenied):
        lake.sign_in("default", bound, "superadmin")


def test_the_error_never_says_what_is_wrong(lake: Deployment) -> None:
    """All invalid credentials get the same message, so that none reveals whether a token ever existed."""
    expired = lake.token(lifetime_seconds=60)
    lake.clock.advance(59)
    assert lake.sign_in("default", expired).name == "ann"
    lake.clock.advance(1)
    revoked, disabled = lake.token(), lake.token()
    lake.container.manage_tokens().revoke(ROOT, lake.sign_in("default", revoked).token)
    messages = {refused(lake, revoked), refused(lake, expired), refused(lake, disabled, "other")}
    lake.container.manage_users().alter(ROOT, "ann", enabled=False)
    messages |= {refused(lake, disabled)}
    lake.container.manage_users().drop(ROOT, "ann")
    messages |= {refused(lake, disabled)}
    guesses = [
        "",
        " ",
        "st_",
        "st_" + "a" * 43,
        "st_" + "a" * 20_000,
        SUPER_TOKEN + " ",
        SUPER_TOKEN.upper(),
        "\x00",
        "é",
    ]
    guesses += [
        "st_\ud800",
        "a.b.c",
        "..",
        "st_" + token_digest(disabled),
        token_digest(disabled),
        disabled[:-1],
        disabled[3:],
    ]
    messages |= {refused(lake, guess) for guess in guesses}
    assert len(messages) == 1
    assert disabled not in messages.pop()


def test_another_process_revokes_a_token(lake: Deployment) -> None:
    """It is refused from then on, even for open sessions."""
    credential = lake.token()
    session = lake.sign_in("default", credential)
    other = lake.another()
    assert other.sign_in()("default", credential) == session
    other.manage_tokens().revoke(ROOT, session.token)
    refused(lake, credential)
    with pytest.raises(NotSignedIn):
        lake.container.tables().require(session, Permission.META)
    other.token_last_use().close()
    other.catalog().close()


@pytest.mark.parametrize("name", ["", "../default", "a b", "-", "default/-", "x" * 200])
def test_invalid_names_of_organizations_are_refused(lake: Deployment, name: str) -> None:
    for credential in (SUPER_TOKEN, lake.token()):
        with pytest.raises(InvalidName):
            lake.sign_in(name, credential)


def test_the_login_mask(deploy: Deploy) -> None:
    """1: only the superuser; 2: only other users; 3: both."""
    for mask, superuser, others in ((1, True, False), (2, False, True), (3, True, True)):
        masked = deploy(login_mask=mask)
        for credential, allowed in (
            (SUPER_TOKEN, superuser),
            (masked.token(None), superuser),
            (masked.token(), others),
        ):
            if allowed:
                assert masked.sign_in("default", credential).organization == "default"
                continue
            with pytest.raises(AccessDenied, match="SUPERTABLE_LOGIN_MASK"):
                masked.sign_in("default", credential)


@pytest.mark.parametrize("mask", [0, 4, -1, "both"])
def test_other_login_masks_are_refused(home: Path, mask: object) -> None:
    with pytest.raises(InvalidSetting, match="SUPERTABLE_LOGIN_MASK"):
        load_settings(home=home, login_mask=mask)


def test_the_last_use_is_stored_once_an_hour(lake: Deployment) -> None:
    credential = lake.token(lifetime_seconds=None)
    assert lake.used(credential) is None
    first = lake.clock.now_us()
    lake.sign_in("default", credential)
    assert lake.used(credential) == first
    version = lake.access().version
    for _ in range(3):
        lake.clock.advance(HOUR / 4)
        lake.sign_in("default", credential)
    assert (lake.used(credential), lake.access().version) == (first, version)
    lake.clock.advance(HOUR / 4)
    lake.sign_in("default", credential)
    assert lake.used(credential) == first + HOUR * 1_000_000
    assert lake.container.manage_tokens().list(ROOT)[0].used_at == moment(first + HOUR * 1_000_000)


def test_of_many_processes_one_stores_the_last_use(lake: Deployment) -> None:
    credential = lake.token(lifetime_seconds=None)
    others = [lake.another() for _ in range(4)]
    version = lake.access().version
    threads = [threading.Thread(target=other.sign_in(), args=("default", credential)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.token_last_use().close()
        other.catalog().close()
    assert lake.access().version == version + 1


class FullStore(FaultyStore):
    def put_if_absent(self, key: str, data: bytes) -> None:
        raise StoreUnavailable("create", key, "no room is left")


def test_a_last_use_that_cannot_be_stored_does_not_prevent_sign_in(
    lake: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    credential = lake.token()
    other = lake.another()
    other.store.override(providers.Object(FullStore(other.store())))
    for _ in range(3):
        assert other.sign_in()("default", credential).name == "ann"
    other.token_last_use().close()
    other.catalog().close()
    assert caplog.text.count("no room is left") == 1, "it must not be tried again at every request"
    assert credential not in caplog.text
    assert lake.used(credential) is None


def test_the_first_token(home: Path) -> None:
    fresh = Container(settings=load_settings(home=home))
    credential = fresh.first_token()("default")
    assert credential
    session = fresh.sign_in()("default", credential)
    assert (session.superuser, session.role) == (True, "superadmin")
    assert fresh.first_token()("default") is None
    (info,) = fresh.manage_tokens().list(ROOT)
    assert info.expires_at is not None
    assert (info.expires_at - info.created_at).days == 30
    assert not any(credential.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())
    fresh.token_last_use().close()
    fresh.catalog().close()


@pytest.mark.parametrize("settings", [{"supertoken": SUPER_TOKEN}, {"admin_token": SUPER_TOKEN}, {"login_mask": 2}])
def test_no_first_token_where_none_is_needed(home: Path, settings: dict[str, Any]) -> None:
    fresh = Container(settings=load_settings(home=home, **settings))
    assert fresh.first_token()("default") is None
    assert fresh.access_log().newest("default").version == 0
    fresh.catalog().close()


def test_of_many_workers_one_gets_the_first_token(home: Path) -> None:
    workers = [Container(settings=load_settings(home=home)) for _ in range(8)]
    made: list[str | None] = []
    start = threading.Barrier(len(workers))

    def work(container: Container) -> None:
        start.wait()
        made.append(container.first_token()("default"))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(workers)
    (credential,) = [token for token in made if token]
    assert all(worker.sign_in()("default", credential).superuser for worker in workers)
    for worker in workers:
        worker.token_last_use().close()
        worker.catalog().close()


@pytest.fixture
def with_jwts(deploy: Deploy) -> Deployment:
    """A deployment that accepts JWTs."""
    return deploy(
        jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET, jwt_attribute_claims="region", jwt_leeway_seconds=0
    )


def signed(**claims: Any) -> str:
    return token(SECRET, "HS256", **claims)


def test_an_external_user(with_jwts: Deployment) -> None:
    end = int(time.time()) + 600
    session = with_jwts.sign_in("default", signed(sub="eve", region="US", exp=end, role=["reader", "writer"]))
    assert session == Session(
        "default",
        external_user_hash(ISSUER, "eve"),
        "eve",
        "reader",
        external=True,
        attributes=(("region", "US"),),
        until_us=end * 1_000_000,
    )
    assert len(session.user) == 32
    assert with_jwts.sign_in("default", signed(sub="eve", role=["reader", "writer"]), "WRITER").role == "Writer"
    with_jwts.clock.advance(601)
    with pytest.raises(NotSignedIn):
        with_jwts.container.tables().require(session, Permission.META)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"role": "reader"}, "writer"),
        ({"role": "nothing"}, None),
        ({"role": None}, None),
        ({"role": []}, None),
        ({"role": "superadmin"}, None),
        ({"role": "boss"}, None),
        ({"role": ["reader", "boss"]}, "boss"),
    ],
)
def test_roles_that_a_jwt_cannot_give(with_jwts: Deployment, claims: Any, role: str | None) -> None:
    with pytest.raises(AccessDenied):
        with_jwts.sign_in("default", signed(sub="eve", **claims), role)


@pytest.mark.parametrize("claims", [{"role": None}, {"role": []}, {"role": None, "roles": []}])
@pytest.mark.parametrize("role", [None, "", "reader", "writer", "Writer", "boss", "superadmin", "nothing"])
def test_a_jwt_that_names_no_role_has_none(with_jwts: Deployment, claims: Any, role: str | None) -> None:
    with pytest.raises(AccessDenied, match="no role"):
        with_jwts.sign_in("default", signed(sub="eve", **claims), role)


@pytest.mark.parametrize("claims", [{"role": None}, {"role": []}])
def test_roles_by_setting_for_jwts_that_name_none(deploy: Deploy, claims: Any) -> None:
    with_jwts = deploy(
        jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET, jwt_default_roles="reader, boss,nothing"
    )
    assert with_jwts.sign_in("default", signed(sub="eve", **claims)).role == "reader"
    assert with_jwts.sign_in("default", signed(sub="eve", **claims), "READER").role == "reader"
    for refused_role in ("writer", "boss", "nothing", "superadmin"):
        with pytest.raises(AccessDenied):
            with_jwts.sign_in("default", signed(sub="eve", **claims), refused_role)
    assert with_jwts.sign_in("default", signed(sub="eve", role="writer")).role == "Writer"
    with pytest.raises(AccessDenied):
        with_jwts.sign_in("default", signed(sub="eve", role="writer"), "reader")


def test_default_roles_are_names(home: Path) -> None:
    with pytest.raises(InvalidSetting, match="SUPERTABLE_JWT_DEFAULT_ROLES"):
        load_settings(home=home, jwt_default_roles="reader,*")


def test_a_jwt_is_not_taken_for_a_stored_user_whose_name_looks_alike(with_jwts: Deployment) -> None:
    stored = with_jwts.container.manage_users().create(ROOT, "mark", ["reader"])
    assert with_jwts.sign_in("default", signed(sub="Mark", role=None)).user == stored.hash
    with pytest.raises(AccessDenied):
        with_jwts.sign_in("default", signed(sub="mar\u212a", role=None))  # the Kelvin sign, whose lower case is k


def test_a_user_of_another_system_who_is_barred_while_signed_in(with_jwts: Deployment) -> None:
    session = with_jwts.sign_in("default", signed(sub="eve", role="reader"))
    tables, users = with_jwts.container.tables(), with_jwts.container.manage_users()
    tables.require(session, Permission.META)
    users.create(ROOT, "eve", ["writer"])
    with pytest.raises(AccessDenied):
        tables.require(session, Permission.META)
    users.alter(ROOT, "eve", roles=["reader"])
    tables.require(session, Permission.META)
    users.alter(ROOT, "eve", enabled=False)
    with pytest.raises(NotSignedIn):
        tables.require(session, Permission.META)


def test_external_superadmins_if_the_setting_permits_them(deploy: Deploy) -> None:
    with_jwts = deploy(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET, jwt_superadmin=True)
    session = with_jwts.sign_in("default", signed(sub="eve", role="boss"))
    assert (session.role, session.superuser) == ("boss", False)
    with_jwts.container.tables().require(session, Permission.RBAC)


def test_a_stored_user_has_the_stored_roles(with_jwts: Deployment) -> None:
    session = with_jwts.sign_in("default", signed(sub="ann", region="US", role="writer"))
    assert (session.user, session.name, session.role) == (with_jwts.ann.hash, "ann", "Writer")
    assert (session.external, session.attributes) == (False, ())
    assert session.until_us is not None
    assert with_jwts.container.tables().authorization(session).caller.attributes == {"region": "EU"}
    assert with_jwts.sign_in("default", signed(sub="ann", role=None)).role == "reader"
    assert with_jwts.sign_in("default", signed(sub="ann", role=None), "writer").role == "Writer"
    for claimed, requested in (("boss", None), ("reader", "writer"), (None, "boss"), ("writer", "reader")):
        with pytest.raises(AccessDenied):
            with_jwts.sign_in("default", signed(sub="ann", role=claimed), requested)
    with pytest.raises(AccessDenied):
        with_jwts.sign_in("default", signed(sub="bob", role="reader"))
    with_jwts.container.manage_users().alter(ROOT, "ann", enabled=False)
    refused(with_jwts, signed(sub="ann", role="reader"))


def test_a_stored_superadmin_cannot_be_one_by_jwt(with_jwts: Deployment) -> None:
    with_jwts.container.manage_users().alter(ROOT, "ann", roles=["boss", "reader"])
    assert with_jwts.sign_in("default", with_jwts.token()).role == "boss"
    with pytest.raises(AccessDenied, match="SUPERTABLE_JWT_SUPERADMIN"):
        with_jwts.sign_in("default", signed(sub="ann", role=None))


def test_a_jwt_is_for_one_organization(deploy: Deploy) -> None:
    with_jwts = deploy(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET)
    refused(with_jwts, signed(), "other")
    assert with_jwts.sign_in("DEFAULT", signed(sub="eve")).name == "eve"
    claimed = deploy(
        jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET, jwt_organization_claim="tenant", organization="x"
    )
    assert claimed.sign_in("default", signed(sub="eve", tenant="Default")).name == "eve"
    for tenant in ("other", "", None, ["default"], "*"):
        refused(claimed, signed(sub="eve", tenant=tenant))


def test_without_settings_jwts_are_refused(lake: Deployment) -> None:
    refused(lake, signed())


def test_an_outage_of_the_keys_affects_jwts_only(deploy: Deploy) -> None:
    with_jwts = deploy(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_jwks_url="http://127.0.0.1:9/keys")
    with pytest.raises(Unavailable):
        with_jwts.sign_in("default", token())
    assert with_jwts.sign_in("default", SUPER_TOKEN).superuser
    assert with_jwts.sign_in("default", with_jwts.token()).name == "ann"


def events(container: Container, organization: str = "default") -> list[dict[str, Any]]:
    """The audit events of sign-ins, in order."""
    container.export_audit()(organization)
    lake = Lake(container, "system", owner(organization))  # not closed: the container is used after it
    found = lake.sql("SELECT * FROM audit WHERE kind IN ('sign_in', 'refusal') ORDER BY sequence").arrow()
    return list(found.to_pylist())


def summary(event: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(event[field]) for field in ("kind", "what", "user_name", "role", "outcome"))


def test_sign_ins_are_audited(deploy: Deploy) -> None:
    lake = deploy(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET)
    stored, jwt = lake.token(), signed(sub="eve")
    sessions = [lake.sign_in("default", credential) for credential in (SUPER_TOKEN, stored, jwt)]
    for _ in range(5):
        assert [lake.sign_in("default", credential) for credential in (SUPER_TOKEN, stored, jwt)] == sessions
    lake.sign_in("default", stored, "writer")
    lake.clock.advance(HOUR)
    lake.sign_in("default", stored)
    by_token = f"sign in by token {sessions[1].token}"
    found = events(lake.container)
    assert list(map(summary, found)) == [
        ("sign_in", "sign in by the super token", "superuser", "superadmin", "ok"),
        ("sign_in", by_token, "ann", "reader", "ok"),
        ("sign_in", "sign in by JWT", "eve", "reader", "ok"),
        ("sign_in", by_token, "ann", "Writer", "ok"),
        ("sign_in", by_token, "ann", "reader", "ok"),
    ]
    assert [event["user"] for event in found[:3]] == [session.user for session in sessions]
    assert not any(
        secret in str(found) for secret in (stored, token_digest(stored), SUPER_TOKEN, jwt, jwt.split(".")[2])
    )


def test_refused_sign_ins_are_audited(deploy: Deploy) -> None:
    """Even for organizations that do not exist, for which nothing is created."""
    lake = deploy(login_mask=2)
    stored = lake.token()
    for credential, role in ((stored, "boss"), (stored, "nothing"), (lake.token("bob"), None), (SUPER_TOKEN, None)):
        with pytest.raises(AccessDenied):
            lake.sign_in("default", credential, role)
    refused(lake, stored[:-1])
    refused(lake, stored, "made_up")
    found = events(lake.container)
    assert list(map(summary, found)) == [
        ("refusal", "sign in", "ann", "boss", "AccessDenied"),
        ("refusal", "sign in", "ann", "nothing", "AccessDenied"),
        ("refusal", "sign in", "bob", "", "AccessDenied"),
        ("refusal", "sign in", "superuser", "superadmin", "AccessDenied"),
        ("refusal", "sign in", "", "", "NotSignedIn"),
        ("refusal", "sign in", "", "", "NotSignedIn"),
    ]
    assert not any(secret in str(found) for secret in (stored[:-1], token_digest(stored), SUPER_TOKEN))
    assert not list(lake.home.rglob("*made_up*"))


def test_the_first_token_is_audited(home: Path) -> None:
    fresh = Container(settings=load_settings(home=home))
    credential = fresh.first_token()("default")
    fresh.export_audit()("default")
    (number,) = (token.id for token in fresh.access_log().newest("default").tokens.values())
    with Lake(fresh, "system", ROOT) as lake:
        found = lake.sql("SELECT what, user_name FROM audit WHERE kind = 'grant'").arrow().to_pylist()
    assert {"what": f"put token {number} of {superuser_hash('default')}", "user_name": "superuser"} in found
    assert str(credential) not in str(found)


def test_no_repr_log_or_error_shows_a_credential(deploy: Deploy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    lake = deploy(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET)
    stored = lake.token()
    shown = [repr(lake.sign_in("default", credential)) for credential in (SUPER_TOKEN, stored, signed())]
    shown += [repr(lake.container.settings()), repr(lake.container.sign_in_rules()), repr(lake.access()), caplog.text]
    shown += [repr(lake.container.settings().describe()), json.dumps([str(refused(lake, stored + "x"))])]
    for secret in (SUPER_TOKEN, SECRET, stored, token_digest(stored)):
        assert not any(secret in text for text in shown)

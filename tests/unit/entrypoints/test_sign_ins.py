"""Sign-ins that wait share one read of the accounts, which begins after their requests arrived."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from supertable.adapters.clocks.manual import ManualClock
from supertable.application.audit_recorder import request_id
from supertable.application.authentication.sign_in import SignIn, SignInRules
from supertable.domain.access.accounts import NO_ACCOUNTS, Access, Token
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied, CatalogUnavailable, NotSignedIn, SupertableError
from supertable.entrypoints.web.service.sign_ins import SignIns

SUPER = "the super token"
STORED = "st_unknown"


class Accounts:
    """Counts its reads. While `released` is not set, a read waits."""

    def __init__(self, error: SupertableError | None = None) -> None:
        self.reads = 0
        self.error = error
        self.released = threading.Event()
        self.released.set()

    def newest(self, organization: str) -> Access:
        self.reads += 1
        assert self.released.wait(20)
        if self.error:
            raise self.error
        return NO_ACCOUNTS


class Observer:
    """Remembers the request ids of sign-ins, and of refused credentials."""

    def __init__(self) -> None:
        self.signed: list[str] = []
        self.refusals: list[str] = []

    def signed_in(self, session: Session, token: Token | None) -> None:
        self.signed.append(request_id.get())

    def refused(self, session: Session, error: AccessDenied) -> None: ...

    def unknown(self, organization: str, error: NotSignedIn) -> None:
        self.refusals.append(request_id.get())


def sign_in(accounts: Accounts, observer: Observer) -> SignIn:
    return SignIn(SignInRules(super_token=SUPER), accounts, None, observer, ManualClock())


async def outcomes(signing: SignIn, sign_ins: SignIns, credentials: Sequence[str]) -> list[str]:
    """The user's name, or the name of the error, for each credential. The request's id is its number."""

    async def one(number: int, credential: str) -> str:
        request_id.set(str(number))
        try:
            return (await sign_ins(signing, "acme", credential, None)).name
        except SupertableError as error:
            return type(error).__name__

    return await asyncio.gather(*(one(number, each) for number, each in enumerate(credentials)))


def test_those_that_wait_share_one_read_and_each_has_its_own_outcome() -> None:
    accounts, observer = Accounts(), Observer()

    async def run() -> list[str]:
        sign_ins, signing = SignIns(), sign_in(accounts, observer)
        accounts.released.clear()
        first = asyncio.ensure_future(outcomes(signing, sign_ins, [STORED]))
        while not accounts.reads:
            await asyncio.sleep(0.001)
        sign_ins._turn_began = float("inf")  # the first turn is not slow
        others = asyncio.ensure_future(outcomes(signing, sign_ins, [STORED, SUPER, STORED]))
        await asyncio.sleep(0.01)
        assert accounts.reads == 1
        accounts.released.set()
        return await first + await others

    assert asyncio.run(run()) == ["NotSignedIn", "NotSignedIn", "superuser", "NotSignedIn"]
    assert accounts.reads == 2  # that of the others began after they had arrived
    assert (observer.signed, sorted(observer.refusals)) == (["1"], ["0", "0", "2"])


def test_no_sign_in_waits_for_a_turn_that_is_slow() -> None:
    accounts = Accounts()

    async def run() -> list[str]:
        sign_ins, signing = SignIns(), sign_in(accounts, Observer())
        accounts.released.clear()
        stuck = asyncio.ensure_future(outcomes(signing, sign_ins, [STORED]))
        while not accounts.reads:
            await asyncio.sleep(0.001)
        sign_ins._turn_began = float("-inf")
        found = await asyncio.wait_for(outcomes(signing, sign_ins, [SUPER]), 20)
        accounts.released.set()
        return found + await stuck

    assert asyncio.run(run()) == ["superuser", "NotSignedIn"]


def test_an_outage_is_everybodys_error_and_ends_with_it() -> None:
    accounts = Accounts(CatalogUnavailable("it is away"))

    async def run() -> tuple[list[str], list[str]]:
        sign_ins, signing = SignIns(), sign_in(accounts, Observer())
        away = await outcomes(signing, sign_ins, [STORED, STORED, SUPER])
        accounts.error = None
        return away, await outcomes(signing, sign_ins, [STORED])

    assert asyncio.run(run()) == (["CatalogUnavailable", "CatalogUnavailable", "superuser"], ["NotSignedIn"])


def test_credentials_of_another_system_are_judged_apart() -> None:
    async def run() -> list[str]:
        sign_ins = SignIns()
        sign_ins._turns, sign_ins._turn_began = 1, float("inf")  # a turn runs, and never ends
        return await asyncio.wait_for(outcomes(sign_in(Accounts(), Observer()), sign_ins, ["header.claims.seal"]), 20)

    assert asyncio.run(run()) == ["NotSignedIn"]

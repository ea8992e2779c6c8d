"""The adapters and the server itself: epochs, replicas, access lists, passwords, slow responses, queues."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from supertable.adapters.redis.catalog import RedisCatalog
from supertable.adapters.redis.client import RedisAddress, RedisServer
from supertable.adapters.redis.keys import Keys
from supertable.adapters.redis.leases import RedisLeases
from supertable.adapters.redis.locks import RedisLocks
from supertable.application.ports.catalogs import Cut
from supertable.domain.errors import CatalogUnavailable
from tests.servers.process import free_port
from tests.servers.valkey import Sentinels, Valkey

EXPECTED_SECONDS = 0.4
LOG = "acme/main/tables/a"
KEYS = Keys("0" * 32)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "valkey")
    yield server
    server.kill()


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[Sentinels]:
    sentinels = Sentinels(tmp_path / "sentinels")
    yield sentinels
    sentinels.stop()


def catalog_at(address: RedisAddress) -> RedisCatalog:
    return RedisCatalog(RedisServer(address), lambda: KEYS, EXPECTED_SECONDS)


def settled(catalog: RedisCatalog) -> Cut:
    """A cut, after waiting until no commit is expected any more."""
    time.sleep(EXPECTED_SECONDS + 0.05)
    return catalog.cut({LOG: 0})


def test_everything_is_pending_while_an_epoch_is_young(server: Valkey) -> None:
    catalog = catalog_at(server.address)
    catalog.advance(LOG, 1, b"1")
    assert catalog.cut({LOG: 0}).pending == {LOG}
    assert settled(catalog).pending == frozenset()


def test_an_expected_commit_that_is_never_announced_starts_another_epoch(server: Valkey) -> None:
    catalog = catalog_at(server.address)
    catalog.advance(LOG, 1, b"1")
    before = settled(catalog)
    catalog.expect(LOG, 2)
    expected = catalog.cut({LOG: 0})
    assert expected.pending == {LOG}
    assert expected.epochs == before.epochs
    late = settled(catalog)
    assert late.pending == frozenset()
    assert late.epochs != before.epochs
    assert catalog.cut({LOG: 0}).epochs == late.epochs
    catalog.advance(LOG, 2, b"2")
    assert catalog.cut({LOG: 0}).epochs == before.epochs


@pytest.mark.parametrize("loss", ["restart", "restart with saved data", "wipe", "eviction"])
def test_a_possible_loss_of_data_starts_another_young_epoch(server: Valkey, loss: str) -> None:
    catalog = catalog_at(server.address)
    catalog.advance(LOG, 1, b"1")
    before = settled(catalog)
    with server.client() as client:
        if loss == "restart with saved data":
            client.save()
        if loss == "wipe":
            client.flushall()
        if loss == "eviction":
            client.delete(KEYS.heads(LOG))
    if loss.startswith("restart"):
        server.kill()
        server.restart()
    assert catalog.cut({LOG: 0}).heads.keys() == ({LOG} if loss == "restart with saved data" else set())
    catalog.advance(LOG, 2, b"2")
    after = catalog.cut({LOG: 0})
    assert after.pending == {LOG}
    assert after.epochs != before.epochs
    assert after.heads[LOG].version == 2
    assert after.heads[LOG].records[-1] == b"2"


def test_evicted_records_are_not_returned(server: Valkey) -> None:
    catalog = catalog_at(server.address)
    for version in (1, 2):
        catalog.advance(LOG, version, b"%d" % version)
    with server.client() as client:
        client.delete(KEYS.records(LOG))
    assert catalog.cut({LOG: 0}).heads[LOG].records == ()
    catalog.advance(LOG, 3, b"3")
    assert catalog.cut({LOG: 0}).heads[LOG].records == (b"3",)


def test_a_replica_is_not_trusted(sentinels: Sentinels) -> None:
    catalog_at(sentinels.master.address).advance(LOG, 1, b"1")
    with pytest.raises(CatalogUnavailable, match="replica"):
        catalog_at(sentinels.replica.address).cut({LOG: 0})


def test_with_sentinels_a_master_without_a_replica_is_not_trusted(sentinels: Sentinels) -> None:
    catalog = catalog_at(sentinels.address)
    catalog.advance(LOG, 1, b"1")
    assert settled(catalog).pending == frozenset()
    sentinels.cut_replica_off()
    assert catalog.cut({LOG: 0}).pending == {LOG}
    assert catalog_at(sentinels.master.address).cut({LOG: 0}).pending == frozenset()


def test_a_write_fails_on_a_lone_master_that_most_sentinels_have_replaced(sentinels: Sentinels) -> None:
    catalog = catalog_at(sentinels.address)
    catalog.expect(LOG, 1)
    sentinels.cut_replica_off()
    catalog.expect(LOG, 1)
    assert catalog.advance(LOG, 1, b"1")
    for port in sentinels.ports[:2]:
        with redis.Redis(port=port) as sentinel:
            sentinel.sentinel_remove("mymaster")
            sentinel.sentinel_monitor("mymaster", "127.0.0.1", sentinels.servers[1].port, 2)
    with pytest.raises(CatalogUnavailable, match="most Sentinels"):
        catalog.expect(LOG, 2)
    with pytest.raises(CatalogUnavailable, match="most Sentinels"):
        catalog.advance(LOG, 2, b"2")


def test_for_a_second_after_a_failure_calls_fail_immediately(server: Valkey) -> None:
    catalog = catalog_at(server.address)
    catalog.advance(LOG, 1, b"1")
    server.pause()
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        with pytest.raises(CatalogUnavailable):
            catalog.cut({LOG: 0})
        seconds.append(time.monotonic() - started)
    server.resume()
    assert seconds[0] < 3
    assert max(seconds[1:]) < 0.1
    time.sleep(1.1)
    assert catalog.cut({LOG: 0}).heads[LOG].version == 1


def test_a_late_response_is_never_read_as_that_of_the_next_call(sentinels: Sentinels) -> None:
    catalog = catalog_at(sentinels.address)
    for number in range(3):
        catalog.advance(f"{LOG}{number}", number + 1, b"")
    master = sentinels.master
    master.pause()
    with pytest.raises(CatalogUnavailable):
        catalog.cut({f"{LOG}0": 0})
    master.resume()
    time.sleep(1.1)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            assert catalog.cut({f"{LOG}2": 0}).heads[f"{LOG}2"].version == 3
            return
        except CatalogUnavailable:  # until the Sentinels agree on a master
            time.sleep(0.2)
    pytest.fail("the catalog did not become available again")


def test_a_password_is_used_and_never_shown(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey")
    with server.client() as client:
        client.config_set("requirepass", "hunter2")
    good = RedisAddress("127.0.0.1", server.port, password="hunter2")
    by_url = RedisAddress(url=f"redis://default:hunter2@127.0.0.1:{server.port}/1")
    bad = RedisAddress("127.0.0.1", server.port, password="hunter3")
    assert catalog_at(good).advance(LOG, 1, b"1")
    assert catalog_at(by_url).cut({LOG: 0}).heads == {}  # the URL names another database
    with pytest.raises(CatalogUnavailable) as caught:
        catalog_at(bad).cut({LOG: 0})
    assert "hunter" not in f"{caught.value} {good} {good!r} {by_url} {by_url!r}"
    server.kill()


def test_the_documented_rights_are_sufficient(server: Valkey) -> None:
    with server.client() as client:
        rights = ["+@read", "+@write", "+@scripting", "+@connection", "+info", "+time", "+scan"]
        client.execute_command("ACL", "SETUSER", "lake", "on", ">secret", "~supertable:*", "resetchannels", *rights)
    address = RedisAddress("127.0.0.1", server.port, username="lake", password="secret")
    catalog = catalog_at(address)
    catalog.expect(LOG, 1)
    assert catalog.advance(LOG, 1, b"1")
    assert catalog.cut({LOG: 0}).heads[LOG].version == 1
    assert catalog.logs("") == [LOG]
    catalog.clear("")
    locks = RedisLocks(RedisServer(address), lambda: KEYS)
    with locks.hold("a", 1) as held, locks.hold("a", 0.1) as again:
        assert (held, again) == (True, False)
    leases = RedisLeases(RedisServer(address), lambda: KEYS, lasts_seconds=0.5)
    with leases.begin():
        assert len(leases.live()) == 1


def test_every_script_uses_keys_of_one_cluster_slot(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey", "--cluster-enabled", "yes")
    with server.client() as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while "cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
            time.sleep(0.02)
    catalog = catalog_at(server.address)
    logs = [LOG, "acme/main/catalog", "other/place/tables/b"]
    for log in logs:
        catalog.expect(log, 1)
        catalog.advance(log, 1, b"1")
    assert catalog.cut(dict.fromkeys(logs, 0)).heads.keys() == {*logs}
    catalog.clear("")
    assert catalog.logs("") == []
    locks = [RedisLocks(RedisServer(server.address), lambda: KEYS) for _ in range(2)]
    with locks[0].hold(LOG, 1) as held, locks[1].hold(LOG, 0.1) as again:
        assert (held, again) == (True, False)
    waiter = threading.Thread(target=lambda: locks[1].hold(LOG, 5).__enter__())
    with locks[0].hold(LOG, 1):
        waiter.start()
        time.sleep(0.6)  # until the lock has been renewed
    waiter.join()
    leases = [RedisLeases(RedisServer(server.address), lambda: KEYS, lasts_seconds=0.5) for _ in range(2)]
    with leases[0].begin():
        assert len(leases[1].live()) == 1
    server.kill()


def test_waiters_get_the_lock_in_the_order_of_arrival(server: Valkey) -> None:
    locks = [RedisLocks(RedisServer(server.address), lambda: KEYS) for _ in range(6)]
    order: list[int] = []

    def wait(number: int) -> Callable[[], None]:
        def run() -> None:
            with locks[number].hold("a", 20) as held:
                assert held
                order.append(number)
                time.sleep(0.02)

        return run

    with locks[0].hold("a", 1), server.client() as client:
        waiting = [threading.Thread(target=wait(number)) for number in range(1, 6)]
        for number, thread in enumerate(waiting, start=1):
            thread.start()
            while client.zcard(KEYS.queue("a")) < number:
                time.sleep(0.001)
        calls = client.info("stats")["total_commands_processed"]
        time.sleep(1)
        assert client.info("stats")["total_commands_processed"] - calls < 5 * 2 * 2 * 6 + 100
        started = time.monotonic()
    for thread in waiting:
        thread.join()
    assert order == [1, 2, 3, 4, 5]
    assert time.monotonic() - started < 20


@pytest.mark.timeout(30)
def test_unreachable_sentinels_are_an_error_soon() -> None:
    unreachable = tuple(("127.0.0.1", free_port()) for _ in range(3))
    with pytest.raises(CatalogUnavailable):
        catalog_at(RedisAddress(sentinels=unreachable)).cut({LOG: 0})

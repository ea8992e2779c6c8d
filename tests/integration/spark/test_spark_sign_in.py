"""Signing in to SPARK's server, which asks a directory (LDAP) for passwords; and that none of them is shown."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

import supertable
from supertable.adapters.engines.spark.clusters import Cluster
from supertable.adapters.engines.spark.sessions.pool import SessionPool
from supertable.domain.errors import EngineUnavailable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.spark_thrift import PASSWORD, USER, SparkThrift
from tests.support.command_line import command_line

REFUSED = "its cluster does not let SuperTable sign in"
WRONG = "wr0ng-s3cret"


@pytest.mark.parametrize(
    ("auth", "user", "password", "why"),
    [
        ("LDAP", USER, PASSWORD, ""),
        ("LDAP", USER, WRONG, REFUSED),
        ("LDAP", "nobody", PASSWORD, REFUSED),
        ("CUSTOM", USER, PASSWORD, ""),
        ("NONE", "", "", ""),
        ("NONE", USER, "", REFUSED),
        ("NOSASL", "", "", "its cluster does not answer"),
        ("KERBEROS", "", "", REFUSED),
    ],
    ids=["right", "wrong password", "wrong user", "custom", "none", "none, as another", "no sasl", "kerberos"],
)
@pytest.mark.filterwarnings("ignore:kerberos module not installed")
def test_who_may_sign_in(auth: str, user: str, password: str, why: str, spark: SparkThrift) -> None:
    """NONE sends a password that the directory knows, for a user that it knows. KERBEROS lacks its package here."""
    pool = SessionPool(10)
    assert pool.prepare(Cluster("127.0.0.1", spark.port, auth, user, password)) == why
    pool.close()


def test_a_query_as_a_user_of_the_directory(lake: Lake) -> None:
    clusters = lake._container.settings().spark_clusters
    assert clusters is not None
    assert "auth=LDAP" in clusters.get_secret_value()
    assert list(lake.sql("SELECT 40 + 2", engine="spark")) == [(42,)]


def test_a_wrong_password_is_told_and_shown_nowhere(
    spark: SparkThrift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SUPERTABLE_SPARK_CLUSTERS", f"thrift://{USER}:{WRONG}@127.0.0.1:{spark.port}?auth=LDAP")
    with supertable.connect(home=tmp_path) as lake:
        with pytest.raises(EngineUnavailable, match=REFUSED) as refused:
            lake.sql("SELECT 40 + 2", engine="spark").arrow()
        shown = ["".join(traceback.format_exception(refused.value)), repr(lake._container.settings())]
        shown.append(repr(lake._container.spark_engine()))
    for command in (["config"], ["--json", "config"], ["query", "SELECT 1", "--engine", "spark"]):
        found = command_line(monkeypatch)("--home", str(tmp_path), *command)
        shown += [found.out, found.err]
    assert REFUSED in shown[-1]
    assert not [text for text in (*shown, caplog.text) if WRONG in text]

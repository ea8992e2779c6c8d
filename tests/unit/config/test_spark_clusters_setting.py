"""`SUPERTABLE_SPARK_CLUSTERS` as clusters."""

from __future__ import annotations

from pathlib import Path

import pytest

from supertable.adapters.engines.spark import Cluster
from supertable.config.backends.spark_clusters import parsed_cluster, spark_options
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import InvalidSetting


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spark", Cluster("spark")),
        ("spark:10001", Cluster("spark", 10_001)),
        ("thrift://spark?auth=nosasl", Cluster("spark", auth="NOSASL")),
        ("thrift://me:a%40b%2F@spark?auth=LDAP", Cluster("spark", auth="LDAP", user="me", password="a@b/")),
        ("spark?min_bytes=5&max_bytes=9", Cluster("spark", min_bytes=5, max_bytes=9)),
        ("spark?auth=KERBEROS&service=hs2", Cluster("spark", auth="KERBEROS", service="hs2")),
    ],
    ids=["host", "port", "auth", "password", "window", "kerberos"],
)
def test_a_cluster(text: str, expected: Cluster) -> None:
    assert parsed_cluster(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http://spark", "must name a host"),
        ("thrift://:10000", "must name a host"),
        ("spark:99999", "must name a host"),
        ("thrift://me:hunter2@[::1", "must name a host"),
        ("spark?auth=PLAIN", "auth must be one of"),
        ("thrift://me@spark?auth=LDAP", "needs a user and a password"),
        ("spark?min_bytes=-1", "whole numbers"),
        ("spark?min_bytes=2&max_bytes=1", "must not be more"),
        ("spark?size=1", "no option 'size'"),
    ],
    ids=["scheme", "no host", "port", "bracket", "auth", "no password", "negative", "window", "option"],
)
def test_what_is_wrong_is_told(text: str, message: str) -> None:
    with pytest.raises(InvalidSetting, match=message):
        parsed_cluster(text)


def test_an_error_quotes_no_password() -> None:
    with pytest.raises(InvalidSetting) as failed:
        parsed_cluster("thrift://me:hunter2@spark?auth=NO")
    assert "hunter2" not in str(failed.value)
    assert "hunter2" not in repr(parsed_cluster("thrift://me:hunter2@spark?auth=LDAP"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "file:{home}/storage/team/a"),
        ({"storage_type": "S3", "storage_bucket": "bucket"}, "s3a://bucket/team/a"),
        ({"storage_type": "MINIO", "storage_endpoint_url": "http://minio:9000"}, "s3a://supertable/team/a"),
        ({"storage_type": "GCP", "gcs_bucket": "bucket"}, "gs://bucket/team/a"),
        (
            {"storage_type": "AZURE", "azure_storage_account": "acc", "azure_container": "box"},
            "abfss://box@acc.dfs.core.windows.net/team/a",
        ),
        ({"storage_type": "S3", "spark_storage": "s3://other/x"}, "s3://other/x"),
    ],
    ids=["local", "s3", "minio", "gcs", "azure", "named"],
)
def test_where_clusters_find_the_storage(given: dict[str, str], expected: str, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, prefix="team/a", spark_clusters="spark", **given)
    assert spark_options(settings).root == expected.format(home=tmp_path)

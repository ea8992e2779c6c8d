"""The idempotency key and properties of a commit."""

from __future__ import annotations

from typing import Any

import pytest

from supertable.domain.errors import InvalidInput
from supertable.domain.table.commit_info import checked_commit_info
from supertable.domain.table.commits import CommitInfo


def test_absent_properties_are_empty() -> None:
    assert checked_commit_info(None, None) == CommitInfo({}, None)


def test_a_key_and_properties_within_the_limits_are_returned() -> None:
    properties = {"source": "erp", "long": "x" * (65_536 - len("sourceerplong"))}
    assert checked_commit_info("k" * 255, properties) == CommitInfo(properties, "k" * 255)


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_empty_or_too_long_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 255 characters"):
        checked_commit_info(key, {})


@pytest.mark.parametrize("properties", [{"a": 1}, {1: "a"}, {"a": None}, {"a": "x" * 65_536}])
def test_properties_that_are_not_text_or_too_long_are_refused(properties: Any) -> None:
    with pytest.raises(InvalidInput, match="roperties"):
        checked_commit_info("key", properties)

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.oracles.two_lakes import TwoLakes


@pytest.fixture(scope="session")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoLakes]:
    made = TwoLakes(tmp_path_factory.mktemp("lakes"))
    yield made
    made.close()

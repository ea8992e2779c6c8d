"""Files of random tables, for tests of what is decided by their descriptions."""

from __future__ import annotations

import pytest

from supertable.domain.table.file_sets import ChangedFiles
from tests.support.drawn_files import Drawn, drawn_files, partly_in_arrays


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return drawn_files()


@pytest.fixture(scope="module")
def arrays(drawn: Drawn) -> ChangedFiles:
    return partly_in_arrays(drawn)

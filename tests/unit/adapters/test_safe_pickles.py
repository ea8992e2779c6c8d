"""What an executor sends as a predicate is unpickled as plain data of listed classes, or refused."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from supertable.adapters.engines.duckdb.rows.delete_predicates import RowPredicate
from supertable.adapters.engines.executors.messages.safe_pickles import predicate_of
from supertable.domain.errors import QueryFailed
from supertable.domain.scan import predicates
from supertable.domain.scan.predicates import All, AnyOf, Compare, IsIn, NullTest


class Calls:
    """Unpickling it calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def test_predicates_arrive_as_they_were_sent() -> None:
    parts = (Compare("a", "=", 1), IsIn("b", ("x", 1.5, True)), NullTest("c", negated=False), AnyOf(()))
    sent = RowPredicate("(a = 1)", All((*parts, Compare("d", "<", 3))), ("a", "b"), may_fail=True)
    assert predicate_of(pickle.dumps(sent)) == sent


@pytest.mark.parametrize(
    "sent",
    [
        pickle.dumps(Calls(os.getpid)),
        pickle.dumps(Calls(eval, "1 + 1")),
        pickle.dumps(Calls(vars(predicates)["dataclass"], int)),
        pickle.dumps(Compare("a", "=", 1)),
        pickle.dumps("a = 1"),
        b"no pickle",
        b"",
    ],
    ids=["a function", "eval", "a decorator that the module imports", "a part", "a text", "noise", "nothing"],
)
def test_anything_else_is_refused(sent: bytes) -> None:
    with pytest.raises(QueryFailed):
        predicate_of(sent)

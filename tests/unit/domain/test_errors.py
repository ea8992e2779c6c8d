"""The tree of errors that its module shows."""

from __future__ import annotations

from supertable.domain import errors


def test_the_tree_has_every_error_below_its_parent() -> None:
    shown: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if line.startswith(("SupertableError", "  ")):
            name, depth = line.split()[0], len(line) - len(line.lstrip())
            above[depth] = name
            shown[name] = above.get(depth - 2, "Exception")
    found = {
        name: cls.__bases__[0].__name__
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, errors.SupertableError)
    }
    assert shown == found

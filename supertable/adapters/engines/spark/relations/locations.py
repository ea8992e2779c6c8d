"""Where the cluster finds objects, as the one path of a data source."""

from __future__ import annotations

import re
from collections.abc import Sequence

_GLOB = re.compile(r"([\\{}\[\]*?,])")


class Locations:
    """`root`: the URI of the storage, such as `file:/srv/lake` or `s3a://bucket/prefix`."""

    def __init__(self, root: str) -> None:
        self._root = _GLOB.sub(r"\\\1", root.rstrip("/"))

    def of(self, keys: Sequence[str]) -> str:
        """A pattern that matches these objects and no other. Keys have no sign that patterns know."""
        if len(keys) == 1:
            return f"{self._root}/{keys[0]}"
        folders = {key.rpartition("/")[0] for key in keys}
        if len(folders) == 1:
            names = ",".join(key.rpartition("/")[2] for key in keys)
            return f"{self._root}/{folders.pop()}/{{{names}}}"
        return f"{self._root}/{{{','.join(keys)}}}"

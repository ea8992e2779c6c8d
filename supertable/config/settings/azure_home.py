"""A home in Azure: `abfss://container@account.dfs.core.windows.net/folder` stands for several settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOME = "SUPERTABLE_HOME"
_HOST = "AZURE_BLOB_ENDPOINT"
_ADDRESS = re.compile(
    r"abfss:/{1,2}(?P<container>[^@/]+)@(?P<account>[^./]+)\.dfs\.(?P<suffix>[^/:@]+)(?P<folder>/.*)?"
)
_OTHER_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_PUBLIC_SUFFIX = "core.windows.net"


def with_azure_home(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by variable, with an `abfss://` home replaced by what it stands for. Raises `ValueError`."""
    names = {str(name).upper(): name for name in values}
    home = str(values.get(names.get(HOME, HOME), ""))
    if not home.lower().startswith("abfss:"):
        if _OTHER_ADDRESS.match(home):
            raise ValueError("it must be a folder or an abfss:// address; STORAGE_TYPE selects other object stores")
        return dict(values)
    found = _ADDRESS.fullmatch(home)
    if found is None:
        raise ValueError("the address is not like abfss://container@account.dfs.core.windows.net/folder")
    container, account, folder = found["container"], found["account"], (found["folder"] or "").strip("/")
    meant = {"STORAGE_TYPE": "AZURE", "AZURE_CONTAINER": container, "AZURE_STORAGE_ACCOUNT": account}
    if found["suffix"] != _PUBLIC_SUFFIX:
        meant[_HOST] = f"https://{account}.blob.{found['suffix']}"
    for name, value in meant.items():
        given = values.get(names.get(name, name))
        if given not in (None, "") and str(given).upper().rstrip("/") != value.upper():
            raise ValueError(f"{name} is given too, and differs; remove one of them")
    prefix = str(values.get(names.get("SUPERTABLE_PREFIX", ""), "") or "")
    local = Path("~/.cache/supertable") / f"{container}@{account}"
    rest = {
        name: value for name, value in values.items() if str(name).upper() not in {*meant, HOME, "SUPERTABLE_PREFIX"}
    }
    return {**rest, **meant, HOME: local, "SUPERTABLE_PREFIX": "/".join(part for part in (folder, prefix) if part)}

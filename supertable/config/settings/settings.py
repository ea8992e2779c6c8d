"""Every setting: name, default, meaning. Values come from arguments, the environment, a `.env` file, defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from supertable.config.settings.identity import IdentitySettings
from supertable.config.settings.ingest import IngestSettings
from supertable.config.settings.jobs import JobSettings
from supertable.config.settings.redis import RedisSettings
from supertable.config.settings.service import ServiceSettings
from supertable.config.settings.storage import StorageSettings
from supertable.domain.errors import InvalidSetting
from supertable.domain.names import checked_name

DOTENV_PATH = "DOTENV_PATH"
_HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One effective setting; secrets are hidden in `value`. `source`: argument, environment, .env file or default."""

    name: str
    value: str
    source: str
    description: str


class EngineSettings(BaseSettings):
    """How DuckDB works, and what is kept of the store's files near to it."""

    duckdb_memory_limit: str | None = Field(
        default=None,
        alias="SUPERTABLE_DUCKDB_MEMORY_LIMIT",
        pattern=r"^\s*\d+(\.\d+)?\s*([KMGT]i?)?B\s*$",
        description="Most memory DuckDB may use before it spills to disk, like 4GB; if unset, DuckDB's own limit.",
    )
    duckdb_threads: int | None = Field(
        default=None, ge=1, alias="SUPERTABLE_DUCKDB_THREADS", description="DuckDB's threads; if unset, one per core."
    )
    duckdb_external_threads: int | None = Field(
        default=None,
        ge=1,
        alias="SUPERTABLE_DUCKDB_EXTERNAL_THREADS",
        description="How many requests of one query to an object store run at once; if unset, 16.",
    )
    duckdb_presigned: bool = Field(
        default=False,
        alias="SUPERTABLE_DUCKDB_PRESIGNED",
        description="Whether DuckDB reads the store by signed addresses, and is given no credentials.",
    )
    duckdb_http_timeout_seconds: int | None = Field(
        default=None,
        ge=1,
        alias="SUPERTABLE_DUCKDB_HTTP_TIMEOUT",
        description="Seconds that DuckDB waits for an answer of the store; if unset, 30.",
    )
    duckdb_http_metadata_cache: bool = Field(
        default=True,
        alias="SUPERTABLE_DUCKDB_HTTP_METADATA_CACHE",
        description="Whether DuckDB keeps the sizes and times of files in the store, which never change.",
    )
    cache_dir: Path | None = Field(
        default=None,
        alias="SUPERTABLE_CACHE_DIR",
        description="Folder for copies of an object store's files; if unset, the folder cache in SUPERTABLE_HOME.",
    )
    cache_bytes: int = Field(
        default=10 * 1024**3,
        ge=0,
        alias="SUPERTABLE_CACHE_BYTES",
        description="Most bytes of these copies; 0: none are kept. Files of more than a tenth of it are not copied.",
    )


class Settings(
    EngineSettings, JobSettings, IngestSettings, ServiceSettings, IdentitySettings, RedisSettings, StorageSettings
):
    """Effective settings. Aliases are the variables' names; a field's own name is none, for `HOME` is another thing."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    home: Path = Field(
        default=Path("~/supertable"),
        alias="SUPERTABLE_HOME",
        description="Working folder: the tables, catalog, locks and temporary files of an embedded lake.",
    )
    organization: str = Field(
        default="default", alias="SUPERTABLE_ORGANIZATION", description="The organization to work in."
    )
    prefix: str = Field(
        default="", alias="SUPERTABLE_PREFIX", description="Folder within the storage; keeps deployments apart."
    )
    query_timeout_seconds: float | None = Field(
        default=None,
        gt=0,
        alias="SUPERTABLE_DEFAULT_QUERY_TIMEOUT_SEC",
        description="Seconds after which a query that names no limit of its own is stopped; if unset, never.",
    )
    log_level: str = Field(
        default="INFO",
        alias="LOG_LEVEL",
        pattern="(?i)^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$",
        description="Least severe log messages that the commands show.",
    )

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("prefix")
    @classmethod
    def _folder(cls, prefix: str) -> str:
        return "/".join(checked_name("prefix", part) for part in prefix.split("/") if part)

    def describe(self) -> list[SettingValue]:
        """All settings in order, fit to be shown to anyone."""
        fields = type(self).model_fields
        own = [name for name in type(self).__annotations__ if name in fields]
        order = [*own, *(name for name in fields if name not in own)]
        return [self._described(name, fields[name]) for name in order]

    def _described(self, name: str, field: FieldInfo) -> SettingValue:
        value = getattr(self, name)
        shown = _HIDDEN if isinstance(value, SecretStr) else "" if value is None else str(value)
        return SettingValue(str(field.alias), shown, self._sources.get(name, "default"), field.description or "")


def load_settings(**arguments: Any) -> Settings:
    """The effective settings; arguments that are None count as not given. Raises `InvalidSetting`.

    The `.env` file is the one that `DOTENV_PATH` names, else the one in the working folder, if there is one.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    file = os.environ.get(DOTENV_PATH) or ".env"
    if DOTENV_PATH in os.environ and not Path(file).is_file():
        raise InvalidSetting(DOTENV_PATH, "there is no such file")
    try:
        settings = Settings(_env_file=file, **{_variable(name): value for name, value in given.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidSetting(str(first["loc"][0]), str(first["msg"])) from None
    settings._sources.update(_sources(given, dotenv_values(file)))
    return settings


def _sources(given: Mapping[str, Any], in_file: Mapping[str, str | None]) -> dict[str, str]:
    environment = {name.upper() for name, value in os.environ.items() if value}
    filed = {name.upper() for name, value in in_file.items() if value}
    found = {}
    for name in Settings.model_fields:
        variable = _variable(name)
        if name in given:
            found[name] = "argument"
        elif variable in environment:
            found[name] = "environment"
        elif variable in filed:
            found[name] = ".env file"
    return found


def _variable(name: str) -> str:
    field = Settings.model_fields.get(name)
    return str(field.alias) if field else name

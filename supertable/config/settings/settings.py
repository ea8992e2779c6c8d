"""All settings with their sources: arguments, then the environment, then a `.env` file, then the defaults."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from supertable.config.settings.azure_home import HOME, with_azure_home
from supertable.config.settings.engine import EngineSettings
from supertable.config.settings.engine_choice import EngineChoiceSettings
from supertable.config.settings.identity import IdentitySettings
from supertable.config.settings.ingest import IngestSettings
from supertable.config.settings.jobs import JobSettings
from supertable.config.settings.mcp import McpSettings
from supertable.config.settings.mcp_tester import McpTesterSettings
from supertable.config.settings.mistakes import SettingWarning, warnings_of, what_is_right
from supertable.config.settings.pages import PageSettings
from supertable.config.settings.pro import ProSettings
from supertable.config.settings.redis import RedisSettings
from supertable.config.settings.service import ServiceSettings
from supertable.config.settings.small_commits import SmallCommitSettings
from supertable.config.settings.spark import SparkSettings
from supertable.config.settings.storage import StorageSettings, StorageType
from supertable.config.settings.variables import Variables
from supertable.domain.errors import InvalidSetting
from supertable.domain.names import checked_name

DOTENV_PATH = "DOTENV_PATH"
_HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One effective setting. `value` hides secrets; `source`: argument, environment, .env file or default."""

    name: str
    value: str
    source: str
    description: str


class Settings(
    EngineSettings,
    EngineChoiceSettings,
    ProSettings,
    SparkSettings,
    SmallCommitSettings,
    JobSettings,
    IngestSettings,
    McpSettings,
    McpTesterSettings,
    ServiceSettings,
    PageSettings,
    IdentitySettings,
    RedisSettings,
    StorageSettings,
):
    """The effective settings. Only the aliases are read from the environment: `HOME` is not `SUPERTABLE_HOME`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    home: Path = Field(
        default=Path("~/supertable"),
        alias="SUPERTABLE_HOME",
        description="Working folder of this machine, with all of an embedded lake; or abfss://container@account.dfs…/path.",
    )
    organization: str = Field(
        default="default", alias="SUPERTABLE_ORGANIZATION", description="Organization (tenant) to work in."
    )
    prefix: str = Field(
        default="",
        alias="SUPERTABLE_PREFIX",
        description="Folder within the storage, which separates deployments that share it.",
    )
    max_clock_skew_seconds: float | None = Field(
        default=None,
        gt=0,
        alias="SUPERTABLE_MAX_CLOCK_SKEW_SEC",
        description="Seconds that a clock may be ahead of the store's to commit; if unset, the store's time is used.",
    )
    query_timeout_seconds: float | None = Field(
        default=None,
        gt=0,
        alias="SUPERTABLE_DEFAULT_QUERY_TIMEOUT_SEC",
        description="Seconds after which a query without a limit of its own is cancelled; if unset, never.",
    )
    log_level: str = Field(
        default="INFO",
        alias="LOG_LEVEL",
        pattern="(?i)^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$",
        examples=["INFO"],
        description="Lowest severity of log messages that are shown: DEBUG, INFO, WARNING, ERROR or CRITICAL.",
    )

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - passed by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, Variables(settings_cls, env_settings), Variables(settings_cls, dotenv_settings)

    @model_validator(mode="before")
    @classmethod
    def _home_in_azure(cls, values: dict[str, Any]) -> dict[str, Any]:
        try:
            return with_azure_home(values)
        except ValueError as error:
            raise InvalidSetting(HOME, str(error)) from None

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("prefix")
    @classmethod
    def _folder(cls, prefix: str) -> str:
        return "/".join(checked_name("prefix", part) for part in prefix.split("/") if part)

    @property
    def all_is_local(self) -> bool:
        """Whether both the tables and the catalog are files on this machine."""
        return self.storage_type is StorageType.LOCAL and not self.redis_configured

    def folder(self, kind: str) -> Path:
        """This deployment's folder of one kind on this machine, e.g. of its locks."""
        return self.home / kind / self.prefix

    def describe(self) -> list[SettingValue]:
        """All settings in order, without secrets."""
        fields = type(self).model_fields
        own = [name for name in type(self).__annotations__ if name in fields]
        order = [*own, *(name for name in fields if name not in own)]
        return [self._described(name, fields[name]) for name in order]

    def _described(self, name: str, field: FieldInfo) -> SettingValue:
        value = getattr(self, name)
        shown = _HIDDEN if isinstance(value, SecretStr) else "" if value is None else str(value)
        return SettingValue(str(field.alias), shown, self._sources.get(name, "default"), field.description or "")


_KNOWN = frozenset(str(field.alias) for field in Settings.model_fields.values())


def load_settings(**arguments: Any) -> Settings:
    """Load the effective settings; arguments that are None are ignored. Raises `InvalidSetting`.

    Warns of variables that are almost the name of a setting: `SettingWarning`. The `.env` file is the one that
    `DOTENV_PATH` names, otherwise the one in the working folder, if it exists.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    file = os.environ.get(DOTENV_PATH) or ".env"
    if DOTENV_PATH in os.environ and not Path(file).is_file():
        raise InvalidSetting(DOTENV_PATH, "the file does not exist")
    try:
        settings = Settings(_env_file=file, **{_variable(name): value for name, value in given.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        setting = str(first["loc"][0])
        raise InvalidSetting(setting, what_is_right(_field(setting), first)) from None
    in_file = dotenv_values(file)
    settings._sources.update(_sources(given, in_file))
    for message in warnings_of([*os.environ, *in_file], _KNOWN):
        warnings.warn(message, SettingWarning, stacklevel=2)
    return settings


def _field(variable: str) -> FieldInfo:
    return next(field for field in Settings.model_fields.values() if field.alias == variable)


def _sources(given: Mapping[str, Any], in_file: Mapping[str, str | None]) -> dict[str, str]:
    environment = {name.upper() for name, value in os.environ.items() if value}
    file = {name.upper() for name, value in in_file.items() if value}
    sources = {}
    for name in Settings.model_fields:
        variable = _variable(name)
        if name in given:
            sources[name] = "argument"
        elif variable in environment:
            sources[name] = "environment"
        elif variable in file:
            sources[name] = ".env file"
    return sources


def _variable(name: str) -> str:
    field = Settings.model_fields.get(name)
    return str(field.alias) if field else name

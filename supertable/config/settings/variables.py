"""Reading settings from variables: those of the environment, or those of a `.env` file."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource


class Variables(PydanticBaseSettingsSource):
    """The variables that `source` has read. Each setting is the text of one variable, which has the setting's alias.

    `source` itself would study the type of every setting for parts that other variables may hold. That takes ten times
    as long, at each `connect`.
    """

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        assert isinstance(source, EnvSettingsSource)
        self._texts = source.env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        alias = str(field.alias)
        return self._texts.get(alias.lower()), alias, False

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {alias: text for text, alias, _ in found if text is not None}

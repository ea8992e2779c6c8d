"""Names that are almost a setting are told, and wrong values are answered with a right one."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from supertable.config.settings.mistakes import SettingWarning, warnings_of
from supertable.config.settings.settings import Settings, load_settings
from supertable.domain.errors import InvalidSetting

KNOWN = frozenset(str(field.alias) for field in Settings.model_fields.values())
MEANT = {
    "SUPERTABLE_HOEM": "SUPERTABLE_HOME",
    "SUPERTABEL_HOME": "SUPERTABLE_HOME",
    "supertable_hom": "SUPERTABLE_HOME",
    "SUPERTABLE_RATE_LIMITS": "SUPERTABLE_RATE_LIMIT",
    "SUPERTABLE_ORGANISATION": "SUPERTABLE_ORGANIZATION",
    "SUPERTABLE_MAX_QUERY_TIMEOUT": "SUPERTABLE_MAX_QUERY_TIMEOUT_SEC",
    "SUPERTABLE_SUPER_TOKEN": "SUPERTABLE_SUPERTOKEN",
    "STORAGE_TYP": "STORAGE_TYPE",
    "AZURE_CONTAINERS": "AZURE_CONTAINER",
    "REDIS_HOTS": "REDIS_HOST",
    "LOCKING_BACKENT": "LOCKING_BACKEND",
}


@pytest.mark.parametrize("name", MEANT)
def test_a_name_that_is_almost_a_setting_is_told(name: str) -> None:
    assert warnings_of([name], KNOWN) == [f"{name} is no setting and has no effect. Did you mean {MEANT[name]}?"]


def test_other_names_of_ours_are_told_and_those_of_others_are_not() -> None:
    (told,) = warnings_of(["SUPERTABLE_BANANA"], KNOWN)
    assert told == "SUPERTABLE_BANANA is no setting and has no effect. `supertable config` lists the settings."
    others = [
        "PATH",
        "HOME",
        "AWS_REGION",
        "LOGLEVEL",
        "REDIS_URL",
        "STAGE",
        "SUDO_USER",
        "SUPERTABLE_DOMAIN",
        "SUPERVISOR",
    ]
    assert warnings_of([*others, *KNOWN, *map(str.lower, KNOWN)], KNOWN) == []


def test_they_are_told_when_settings_are_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("SUPERTABLE_PREFX=a\n")
    monkeypatch.setenv("SUPERTABLE_HOEM", "/secret/folder")
    with pytest.warns(SettingWarning) as told:
        load_settings()
    assert [str(warning.message).split()[0] for warning in told] == ["SUPERTABLE_HOEM", "SUPERTABLE_PREFX"]
    assert "secret" not in "".join(str(warning.message) for warning in told)


WRONG = "§ wrong-and-secret §"
TEXT = re.compile(r"(<class ')?(str|pathlib\.Path|pydantic\.types\.SecretStr)\b.*")
STRICT = [
    str(field.alias)
    for field in Settings.model_fields.values()
    if not TEXT.fullmatch(str(field.annotation)) or any(getattr(part, "pattern", None) for part in field.metadata)
]
"""The settings that cannot have any text as their value."""


@pytest.mark.parametrize("name", STRICT)
def test_a_wrong_value_is_answered_with_a_right_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, WRONG)
    with pytest.raises(InvalidSetting) as refused:
        load_settings()
    message = str(refused.value)
    assert "wrong-and-secret" not in message
    found = re.fullmatch(
        rf"Setting {name}: it must be (?:.* such as (?P<such>.*)|like (?P<like>.*)|(?P<truth>true) or false|"
        r"one of (?P<one>\S+?),.*)\.",
        message,
    )
    assert found, message
    monkeypatch.setenv(name, next(part for part in found.groups() if part))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_settings()


BOUNDS = {
    ("SUPERTABLE_API_PORT", "0"): "it must be a whole number from 1 to 65,535, such as 8051",
    ("SUPERTABLE_JOBS_KEPT_SEC", "1"): "it must be a number of at least 60, such as 86400",
    ("SUPERTABLE_DEFAULT_QUERY_TIMEOUT_SEC", "0"): "it must be a number greater than 0, such as 4",
    ("SUPERTABLE_EXECUTORS", "1.5"): "it must be a whole number from 0 to 256, such as 4",
    ("STORAGE_TYPE", "FTP"): "it must be one of LOCAL, MINIO, S3, AZURE, GCP",
    ("SUPERTABLE_SUPERTOKEN", "short"): "it must have at least 8 characters",
}


@pytest.mark.parametrize(("name", "value"), BOUNDS)
def test_bounds_are_said(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting, match=re.escape(BOUNDS[name, value])):
        load_settings()

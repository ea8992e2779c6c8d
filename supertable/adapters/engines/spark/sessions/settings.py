"""The settings that a session must have. They are set, and then verified."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.spark.translation.translator import SETTINGS as OF_TRANSLATION

SETTINGS: Mapping[str, str] = {
    **OF_TRANSLATION,
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.parquet.aggregatePushdown": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.thriftServer.incrementalCollect": "true",  # else the driver holds the whole of a result
}


def wrong_settings(found: Mapping[str, str]) -> dict[str, str]:
    """Those that the session does not have, with the right values."""
    return {name: value for name, value in SETTINGS.items() if found.get(name, "").lower() != value.lower()}

"""The findings of an integrity check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """NOTE: nothing is wrong. WARNING: something is slow or untidy; results are correct. DAMAGE: data is unreadable."""

    NOTE = "note"
    WARNING = "warning"
    DAMAGE = "damage"


@dataclass(frozen=True, slots=True)
class Finding:
    """`key`: the object, log or folder concerned. `repair`: what a repair does about it; empty: it cannot help."""

    key: str
    what: str
    severity: Severity
    repair: str = ""
    repaired: bool = False

    def done(self) -> Finding:
        return replace(self, repaired=True)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of a check. `bytes_read`: of data files that were read completely; 0 in a quick check."""

    findings: tuple[Finding, ...]
    tables: int
    records: int
    checkpoints: int
    files: int
    vectors: int
    bytes_read: int
    seconds: float

    @property
    def sound(self) -> bool:
        """Whether everything can be read, repaired damage included."""
        return not any(finding.severity is Severity.DAMAGE and not finding.repaired for finding in self.findings)

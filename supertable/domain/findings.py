"""What a check of a lake finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """NOTE: all is well. WARNING: something is slow or untidy, every answer right. DAMAGE: something cannot be read."""

    NOTE = "note"
    WARNING = "warning"
    DAMAGE = "damage"


@dataclass(frozen=True, slots=True)
class Finding:
    """`key`: the object, log or folder it is about. `repair`: what a repair does about it, if it can do anything."""

    key: str
    what: str
    severity: Severity
    repair: str = ""
    repaired: bool = False

    def done(self) -> Finding:
        return replace(self, repaired=True)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """`bytes_read`: of data files that were read to the end; none in a quick check."""

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
        """Whether everything can be read, now that what could be repaired is."""
        return not any(finding.severity is Severity.DAMAGE and not finding.repaired for finding in self.findings)

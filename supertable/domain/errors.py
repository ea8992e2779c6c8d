"""Every error that SuperTable raises, as one tree.

SupertableError
  InvalidInput            the request itself is wrong; nothing was changed
    InvalidName           a name breaks the rule for names
    InvalidSchema         a column, key or type cannot be held
    IncompatibleSchema    the data does not fit the table's schema
    InvalidSetting        a setting has no usable value
    UnreadableInput       a file or stream given for loading cannot be read
    InvalidStatement      the SQL cannot be parsed or bound
      StatementRefused    the SQL asks for something that is not allowed
  NotSignedIn             it is not known who asks, or no longer
  AccessDenied            the caller's role does not allow it
  NotFound
    TableNotFound
    VersionNotFound
  AlreadyExists
    TableExists
  Conflict                another commit came first and the two cannot both hold
  Outdated                what was to be changed is not as the caller knows it any more
  QueryFailed             the engine could not finish the query
    QueryCancelled
    QueryTimeout
    ResultTooLarge
    QueryOutOfMemory
    StoredResultTooLarge
  JobNotOver              what is asked for is there only once the job has succeeded
  JobInterrupted          the worker of a job was shut down, or died
  TooManyJobs             there are as many jobs at work as may be; safe to try again
  Unavailable             a server or disk did not answer; safe to try again
    StoreUnavailable
    CatalogUnavailable
    LockUnavailable
    Busy                  more was asked at once than is taken; nothing was tried
    AuditUnavailable      what would be done could not be put in the audit log
  CommitUncertain         it is not known whether a commit became durable
  Damaged                 stored bytes are not what was written
    ObjectMissing
    ObjectDamaged
    CatalogDamaged
    FormatTooNew
  MissingExtra            an optional dependency is not installed
  UnsafeStore             the store does not keep the promises that commits need
"""

from __future__ import annotations


class SupertableError(Exception):
    """The root: `except SupertableError` catches everything this package raises.

    `audited`: whether the audit log has been told of this refusal.
    """

    audited = False


class InvalidInput(SupertableError):
    """The request itself is wrong; nothing was changed."""


class InvalidName(InvalidInput):
    """A name breaks the rule for names."""

    def __init__(self, kind: str, name: object, reason: str) -> None:
        super().__init__(f"{kind} name {_short(name)} is not allowed: {reason}.")
        self.kind = kind
        self.name = name
        self.reason = reason


class InvalidSchema(InvalidInput):
    """A column, key or type cannot be held by a table."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"Column {_short(column)}: {reason}.")
        self.column = column
        self.reason = reason


class IncompatibleSchema(InvalidInput):
    """The data does not fit the table's schema; `column`, `expected` and `given` say where."""

    def __init__(self, column: str, expected: str, given: str, hint: str) -> None:
        super().__init__(f"Column {_short(column)}: the table has {expected}, the data has {given}. {hint}")
        self.column = column
        self.expected = expected
        self.given = given


class InvalidSetting(InvalidInput):
    """A setting has no usable value."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"Setting {setting}: {reason}.")
        self.setting = setting


class UnreadableInput(InvalidInput):
    """A file or stream given for loading cannot be read."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"Cannot read {source}: {reason}")
        self.source = source
        self.reason = reason


class InvalidStatement(InvalidInput):
    """The SQL cannot be parsed or bound."""


class StatementRefused(InvalidStatement):
    """The SQL asks for something that is not on the list of what is allowed."""


class NotSignedIn(SupertableError):
    """It is not known who asks, or no longer."""


class AccessDenied(SupertableError):
    """The caller's role does not allow it; nothing was changed."""


class NotFound(SupertableError):
    """What the request names does not exist."""


class TableNotFound(NotFound):
    def __init__(self, table: str, hint: str = "`tables` lists those there are.") -> None:
        super().__init__(f"There is no table {_short(table)}. {hint}")
        self.table = table


class VersionNotFound(NotFound):
    def __init__(self, table: str, asked: str, oldest: int, newest: int) -> None:
        super().__init__(f"Table {table} has no version {asked}; it has versions {oldest} to {newest}.")
        self.table = table
        self.asked = asked


class AlreadyExists(SupertableError):
    """What the request would create exists already; nothing was changed."""


class TableExists(AlreadyExists):
    def __init__(self, table: str) -> None:
        super().__init__(f"Table {_short(table)} exists already; nothing was changed.")
        self.table = table


class Conflict(SupertableError):
    """Another commit came first and the two cannot both hold. Nothing was changed; read and try again."""

    def __init__(self, what: str, ours: str, theirs: str) -> None:
        super().__init__(
            f"{what} Our commit {ours} lost to commit {theirs}. Nothing was changed by ours; it is safe to try again."
        )
        self.ours = ours
        self.theirs = theirs


class Outdated(SupertableError):
    """What was to be changed is not as the caller knows it any more. Nothing was changed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed since you read it. Nothing was changed now; read it again first.")


class QueryFailed(SupertableError):
    """The engine could not finish the query. Reading changes nothing, so it is safe to try again."""


class QueryCancelled(QueryFailed):
    def __init__(self) -> None:
        super().__init__("The query was cancelled.")


class QueryTimeout(QueryFailed):
    def __init__(self, seconds: float) -> None:
        super().__init__(f"The query was stopped after its limit of {seconds:g} s.")
        self.seconds = seconds


class ResultTooLarge(QueryFailed):
    def __init__(self, max_rows: int) -> None:
        super().__init__(
            f"The result has more than {max_rows:,} rows, the limit of this query. Add a LIMIT or raise max_rows."
        )
        self.max_rows = max_rows


class QueryOutOfMemory(QueryFailed):
    def __init__(self, limit: str) -> None:
        super().__init__(
            f"The query needs more memory than its engine may use ({limit}). Filter more, select fewer columns, "
            "or raise SUPERTABLE_DUCKDB_MEMORY_LIMIT."
        )


class StoredResultTooLarge(QueryFailed):
    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            f"The result takes more than {max_bytes:,} bytes, the limit for results that are kept. Select less, or "
            "read it as a stream by a query that is not a job."
        )
        self.max_bytes = max_bytes


class JobNotOver(SupertableError):
    """What is asked for is there only once the job has succeeded."""

    def __init__(self, job: str, state: str) -> None:
        super().__init__(f"Job {job} is {state}; it has results only once it has succeeded.")
        self.job = job
        self.state = state


class JobInterrupted(SupertableError):
    """The worker of a job was shut down, or died. What the job had finished by then stays; nothing is half-done."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Nothing is half-done, and it is safe to start the job again.")
        self.reason = reason


class TooManyJobs(SupertableError):
    """There are as many jobs at work as may be. This one was not begun; try again when one is over."""

    def __init__(self, whose: str, limit: int) -> None:
        super().__init__(f"{whose} {limit} jobs at work, the most there may be. Try again when one of them is over.")
        self.limit = limit


class Unavailable(SupertableError):
    """A server or disk did not answer. Nothing half-done is visible; it is safe to try again."""


class StoreUnavailable(Unavailable):
    def __init__(self, action: str, key: str, reason: str) -> None:
        super().__init__(f"Object storage could not {action} {key}: {reason}")
        self.action = action
        self.key = key


class CatalogUnavailable(Unavailable):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The catalog did not answer: {reason}")
        self.reason = reason


class LockUnavailable(Unavailable):
    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"The lock {name} was not free within {seconds:g} s.")


class Busy(Unavailable):
    """More was asked at once than is taken. Nothing was tried; it is safe to try again a little later."""


class AuditUnavailable(Unavailable):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The audit log takes no more events: {reason}. Nothing was done; it is safe to try again.")
        self.reason = reason


class CommitUncertain(SupertableError):
    """It is not known whether the commit became durable.

    Repeat the same write with the same idempotency key: it is applied once, whichever way it went.
    """

    def __init__(self, commit: str, version: int, reason: str) -> None:
        super().__init__(
            f"Commit {commit} may or may not have become version {version}: {reason} "
            "Repeat the write with its idempotency key, or read the history before you repeat it."
        )
        self.commit = commit
        self.version = version


class Damaged(SupertableError):
    """Stored bytes are not what was written. Nothing is answered from them."""


class ObjectMissing(Damaged):
    def __init__(self, key: str) -> None:
        super().__init__(
            f"Object {key} is missing from storage. Put it back from a backup, or read a version that does not need it."
        )
        self.key = key


class ObjectDamaged(Damaged):
    def __init__(self, key: str, reason: str) -> None:
        super().__init__(
            f"Object {key} is damaged: {reason}. Put it back from a backup, or read a version that does not need it."
        )
        self.key = key
        self.reason = reason


class CatalogDamaged(Damaged):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The catalog is damaged: {reason}. No data is lost: run `supertable catalog rebuild`.")


class FormatTooNew(Damaged):
    def __init__(self, key: str, found: int, known: int) -> None:
        super().__init__(
            f"Object {key} has format {found}; this version of SuperTable reads up to {known}. Upgrade SuperTable."
        )
        self.key = key


class MissingExtra(SupertableError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional dependency: pip install 'supertable-lake[{extra}]'")
        self.extra = extra


class UnsafeStore(SupertableError):
    """The store does not keep the promises that commits need; it is refused before anything is written."""


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"

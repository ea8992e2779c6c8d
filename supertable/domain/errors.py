"""Every error that SuperTable raises, as one tree.

SupertableError
  InvalidInput            the request is invalid; nothing was changed
    InvalidName           a name breaks the rules for names
    InvalidSchema         a table cannot have such a column, key or type
    IncompatibleSchema    the data does not fit the table's schema
    InvalidSetting        a setting is missing or has an invalid value
    UnreadableInput       a file or stream to load cannot be read
      InferredTypeMisfit  a value does not fit the type that was found for its column
    InvalidStatement      the SQL cannot be parsed or bound
      StatementRefused    the SQL uses something that is not allowed
        NotOnSpark        Spark would answer the statement in another way
    WrongArgument         a call in Python has a wrong argument
    Closed                the lake or the result was closed before
    NotKept               a streamed result keeps no rows: they were taken before
    WrongKind             the name is that of a view where a table is needed, or the other way round
    EngineUnavailable     the engine that the query asks for is not there
  NotSignedIn             the caller is not authenticated, or not any more
  AccessDenied            the caller's role does not allow the action
  NotFound
    TableNotFound
    VersionNotFound
  AlreadyExists
    TableExists
    DuplicateKey          a row to insert has the key of another
  Conflict                an incompatible commit came first
  Outdated                the object changed since the caller read it
  IdempotencyKeyReused    the key belongs to another request
  QueryFailed             the engine could not finish the query
    QueryCancelled
    QueryTimeout
    ResultTooLarge
    QueryOutOfMemory
    StoredResultTooLarge
    QueryLost             the process that ran the query ended; safe to try again
  TooManyQueries          the limit of the user's queries is reached; safe to try again
  JobNotOver              the job has no results, because it has not succeeded
  JobInterrupted          the worker of a job was shut down or crashed
  TooManyJobs             the limit of unfinished jobs is reached; safe to try again
  Unavailable             a server or disk did not answer; safe to try again
    StoreUnavailable
    CatalogUnavailable
    LockUnavailable
    Busy                  the service is overloaded or stopping; the request was not started
    AuditUnavailable      the audit log could not record the action, so it did not run
    ClockWrong            this machine's clock is too far ahead of the store's
  CommitUncertain         it is unknown whether a commit became durable
  Damaged                 stored bytes differ from what was written
    ObjectMissing
    ObjectDamaged
    CatalogDamaged
    FormatTooNew
  AddressInUse            another process listens on the address of a service
  MissingExtra            an optional dependency is not installed
  UnsafeStore             the object store lacks the guarantees that commits need
"""

from __future__ import annotations


class SupertableError(Exception):
    """The root: `except SupertableError` catches everything this package raises.

    `audited`: whether the audit log has recorded this refusal.
    """

    audited = False


class InvalidInput(SupertableError):
    """The request is invalid. Nothing was changed."""


class InvalidName(InvalidInput):
    """A name breaks the rules for names."""

    def __init__(self, kind: str, name: object, reason: str) -> None:
        super().__init__(f"{kind} name {_short(name)} is not allowed: {reason}.")
        self.kind = kind
        self.name = name
        self.reason = reason


class InvalidSchema(InvalidInput):
    """A table cannot have such a column, key or type."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"Column {_short(column)}: {reason}.")
        self.column = column
        self.reason = reason


class IncompatibleSchema(InvalidInput):
    """The data does not fit the table's schema.

    `column`: where. `expected` and `given`: the type of the table and of the data.
    """

    def __init__(self, column: str, expected: str, given: str, hint: str) -> None:
        super().__init__(f"Column {_short(column)}: the table has {expected}, the data has {given}. {hint}")
        self.column = column
        self.expected = expected
        self.given = given


class InvalidSetting(InvalidInput):
    """A setting is missing or has an invalid value."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"Setting {setting}: {reason}.")
        self.setting = setting


class UnreadableInput(InvalidInput):
    """A file or stream to load cannot be read."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"Cannot read {source}: {reason}")
        self.source = source
        self.reason = reason


class InferredTypeMisfit(UnreadableInput):
    """A value does not fit the type or the columns that were inferred from the rows before it."""


class InvalidStatement(InvalidInput):
    """The SQL cannot be parsed or bound."""


class StatementRefused(InvalidStatement):
    """The SQL uses something that is not on the list of what is allowed."""


class NotOnSpark(StatementRefused):
    """The statement uses something that Spark is not proven to answer as the other engines do. They run it."""


class WrongArgument(InvalidInput, TypeError):
    """A call in Python has an argument that its method does not take, or of a wrong type. Nothing was changed."""


class Closed(InvalidInput):
    """The lake or the result was closed before."""


class NotKept(InvalidInput, TypeError):
    """A streamed result does not keep its rows: they were taken before, or are to be counted.

    It is a `TypeError` as well, as that of objects that have no length.
    """


class WrongKind(InvalidInput):
    """The name is that of a view, or of a table where a view is needed. Nothing was changed."""

    def __init__(self, name: str, view: bool = True) -> None:
        if view:
            what = "is a view, which has no rows, columns and versions of its own. Query it, or use the tables "
            what += "that it reads; DROP VIEW drops it."
        else:
            what = "is a table, not a view."
        super().__init__(f"{_short(name)} {what} Nothing was changed.")
        self.name = name


class EngineUnavailable(InvalidInput):
    """The engine that a query asks for by name is not there. Nothing was run."""

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(
            f"The engine {engine} is not available: {reason}. Nothing was run. Use AUTO, or name no engine."
        )
        self.engine = engine


class NotSignedIn(SupertableError):
    """The caller is not authenticated, or not any more: sign in again."""


class AccessDenied(SupertableError):
    """The caller's role does not allow the action. Nothing was changed."""


class NotFound(SupertableError):
    """Something that the request names does not exist."""


class TableNotFound(NotFound):
    """`is_plain`: the message has no hint of its own on why there is no such table, or on another name."""

    def __init__(self, table: str, hint: str = "") -> None:
        super().__init__(f"There is no table {_short(table)}. {hint or '`tables` lists the existing tables.'}")
        self.table = table
        self.is_plain = not hint


class VersionNotFound(NotFound):
    def __init__(self, table: str, requested: str, oldest: int, newest: int) -> None:
        super().__init__(f"Table {table} has no version {requested}; it has versions {oldest} to {newest}.")
        self.table = table
        self.requested = requested


class AlreadyExists(SupertableError):
    """Something that the request would create already exists. Nothing was changed."""


class TableExists(AlreadyExists):
    def __init__(self, table: str) -> None:
        super().__init__(f"Table {_short(table)} already exists. Nothing was changed.")
        self.table = table


class DuplicateKey(AlreadyExists):
    """A row to insert has the key of another row. Nothing was changed."""

    def __init__(self, table: str, what: str, hint: str) -> None:
        super().__init__(f"{what} Table {_short(table)} has one row per key. Nothing was written. {hint}")
        self.table = table


class Conflict(SupertableError):
    """An incompatible commit came first. Nothing was changed; read again and retry."""

    def __init__(self, what: str, ours: str, theirs: str) -> None:
        super().__init__(f"{what} Commit {ours} lost to commit {theirs} and changed nothing. It is safe to try again.")
        self.ours = ours
        self.theirs = theirs


class Outdated(SupertableError):
    """The object changed since the caller read it. Nothing was changed by this request; read it again first."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} changed since you read it. This request changed nothing; read it again first.")


class IdempotencyKeyReused(SupertableError):
    """The idempotency key belongs to another request. Nothing was changed; send a new request with a new key."""

    def __init__(self, reason: str, version: int) -> None:
        super().__init__(
            f"The idempotency key belongs to the write of version {version}: {reason}. Nothing was changed. If that "
            "version has what you wanted to write, all is done; else repeat the request with a new key."
        )
        self.version = version


class QueryFailed(SupertableError):
    """The engine could not finish the query. Queries change nothing, so it is safe to try again."""


class QueryCancelled(QueryFailed):
    def __init__(self) -> None:
        super().__init__("The query was cancelled.")


class QueryTimeout(QueryFailed):
    def __init__(self, seconds: float) -> None:
        super().__init__(f"The query was stopped at its time limit of {seconds:g} s.")
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
            f"The query needs more memory than the engine may use ({limit}). Filter more, select fewer columns, "
            "or raise SUPERTABLE_DUCKDB_MEMORY_LIMIT."
        )


class StoredResultTooLarge(QueryFailed):
    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            f"The result takes more than {max_bytes:,} bytes, the limit for stored results. Select less, or "
            "stream the result with a query that is not a job."
        )
        self.max_bytes = max_bytes


class QueryLost(QueryFailed):
    """The process that ran the query ended. Nothing was changed, and other queries are not affected."""

    def __init__(self) -> None:
        super().__init__(
            "The process that ran this query ended, most likely since the query crashed it or needed too much memory. "
            "Nothing was changed, and it is safe to try again; if it happens again, change the query."
        )


class TooManyQueries(SupertableError):
    """The limit of the user's queries is reached. This one was not started; try again when another ends."""

    def __init__(self, running: int, waiting: int) -> None:
        super().__init__(
            f"You have as many queries as one user may have: {running} that run and {waiting} that wait. This one was "
            "not started. Try again when one of them ends."
        )


class JobNotOver(SupertableError):
    """The job has no results, because it has not succeeded."""

    def __init__(self, job: str, state: str) -> None:
        super().__init__(f"Job {job} is {state}; only succeeded jobs have results.")
        self.job = job
        self.state = state


class JobInterrupted(SupertableError):
    """The worker of a job was shut down or crashed. Finished steps of the job remain; nothing is half-done."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Nothing is half-done, and it is safe to start the job again.")
        self.reason = reason


class TooManyJobs(SupertableError):
    """The limit of unfinished jobs is reached. This one was not started; try again when another ends."""

    def __init__(self, whose: str, limit: int) -> None:
        super().__init__(f"{whose} {limit} unfinished jobs, which is the limit. Try again when one of them ends.")
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
    """The service is overloaded or stopping. The request was not started; it is safe to try again a little later."""


class AuditUnavailable(Unavailable):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The audit log cannot record events: {reason}. Nothing was done; it is safe to try again.")
        self.reason = reason


class ClockWrong(Unavailable):
    """The clock of the machine that would commit is too far ahead of the store's. Nothing was committed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The clock of this machine is {seconds:,.0f} s ahead of the store's. Nothing was committed; it is safe to "
            "try again after the clock was set."
        )
        self.seconds = seconds


class CommitUncertain(SupertableError):
    """It is unknown whether the commit became durable.

    Repeat the same write with the same idempotency key: it is applied exactly once either way.
    """

    def __init__(self, commit: str, version: int, reason: str) -> None:
        super().__init__(
            f"It is unknown whether commit {commit} became version {version}: {reason} "
            "Repeat the write with its idempotency key, or read the history before you repeat it."
        )
        self.commit = commit
        self.version = version


class Damaged(SupertableError):
    """Stored bytes differ from what was written. They are never used for a result."""


class ObjectMissing(Damaged):
    def __init__(self, key: str) -> None:
        super().__init__(
            f"Object {key} is missing from storage. Restore it from a backup, or read a version that does not need it."
        )
        self.key = key


class ObjectDamaged(Damaged):
    def __init__(self, key: str, reason: str) -> None:
        super().__init__(
            f"Object {key} is damaged: {reason}. Restore it from a backup, or read a version that does not need it."
        )
        self.key = key
        self.reason = reason


class CatalogDamaged(Damaged):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The catalog is damaged: {reason}. No data is lost; run `supertable catalog rebuild`.")
        self.reason = reason


class FormatTooNew(Damaged):
    def __init__(self, key: str, found: int, known: int) -> None:
        super().__init__(
            f"Object {key} has format {found}; this version of SuperTable reads up to {known}. Upgrade SuperTable."
        )
        self.key = key


class AddressInUse(SupertableError):
    """Another process listens on the address of a service. The service was not started."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Another process uses port {port} of {host}, or an address that includes it. The service was not started; "
            "stop the other process, or choose another port."
        )
        self.host = host
        self.port = port


class MissingExtra(SupertableError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional dependency: pip install 'supertable-lake[{extra}]'")
        self.extra = extra


class UnsafeStore(SupertableError):
    """The object store lacks the guarantees that commits need. It is refused before anything is written."""


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"

"""A writer that streams a new object through a temporary file."""

from __future__ import annotations

from collections.abc import Callable

from supertable.adapters.object_stores.local.temp_files import TempFile
from supertable.domain.errors import StoreUnavailable


class TempFileWriter:
    """Appends to a temporary file; `close` makes it the object by calling `publish`. For one thread at a time."""

    def __init__(self, temp_file: TempFile, key: str, publish: Callable[[], None]) -> None:
        self._temp_file = temp_file
        self._key = key
        self._publish = publish
        self._done = False
        self._failure: StoreUnavailable | None = None

    def write(self, data: bytes, /) -> int:
        """Append all of `data`; returns its length. After an error the object can no longer be created."""
        if self._done:
            raise ValueError(f"the writer of {self._key} is closed")
        try:
            return self._temp_file.write(data)
        except OSError as error:
            raise self._fail(error) from error

    def close(self) -> None:
        """Create the object, complete and durable. A second call is a no-op, or raises the same error again."""
        if self._failure is not None:
            raise self._failure
        if self._done:
            return
        try:
            self._temp_file.seal()
            self._publish()
        except OSError as error:
            raise self._fail(error) from error
        except StoreUnavailable as error:
            self._failure = error
            raise
        finally:
            self.abort()

    def abort(self) -> None:
        """Discard what was written, so that no object is created. No-op once `close` has returned."""
        self._done = True
        self._temp_file.discard()

    def finish(self) -> None:
        """End of the block: close, unless the writer was aborted on purpose."""
        if self._failure is not None or not self._done:
            self.close()

    def _fail(self, error: OSError) -> StoreUnavailable:
        self._failure = StoreUnavailable("write", self._key, error.strerror or str(error))
        self.abort()
        return self._failure

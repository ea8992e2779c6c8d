"""Files of a scan that become objects when they are read: most queries ask only how many and how large they are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import Parts, parts_by_schema


class FileList(Sequence[DataFile]):
    """Files in their order. They are made once, all at the first use of one."""

    @abstractmethod
    def made(self) -> list[DataFile]: ...

    @property
    @abstractmethod
    def bytes(self) -> int:
        """Of all the files."""

    @abstractmethod
    def parts(self, hidden: Collection[str]) -> Mapping[int, Parts]:
        """See `parts_of`."""

    def __getitem__(self, place: Any) -> Any:
        return self._files[place]

    def __iter__(self) -> Iterator[DataFile]:
        return iter(self._files)

    def __reduce__(self) -> tuple[type[list[DataFile]], tuple[list[DataFile]]]:
        return list, (self._files,)

    @cached_property
    def _files(self) -> list[DataFile]:
        return self.made()


def bytes_of(files: Sequence[DataFile]) -> int:
    return files.bytes if isinstance(files, FileList) else sum(file.bytes for file in files)


def parts_of(files: Iterable[DataFile], hidden: Collection[str]) -> Mapping[int, Parts]:
    """The files by the id of the schema that they were written under, in their order. `hidden`: see `grouped`."""
    if isinstance(files, FileList):
        return files.parts(hidden)
    return parts_by_schema(files, hidden)

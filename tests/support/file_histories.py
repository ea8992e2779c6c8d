"""Random histories of the files of a table, and plain dictionaries that are copied for every commit."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.file_sets import ChangedFiles, FileChanges, FileSet
from tests.support.domain_builders import data_file

Model = dict[str, DataFile]
History = list[tuple[ChangedFiles, Model]]


def random_history(
    chance: random.Random, commits: int, base_of: Callable[[ChangedFiles], FileSet] = lambda files: files
) -> History:
    """Commits that add files, remove some, mark rows dead, and add removed ones again.

    `base_of`: what some versions have as their base from then on.
    """
    model: Model = {}
    files = ChangedFiles()
    gone: Model = {}
    history = [(files, model)]
    for number in range(commits):
        model = dict(model)
        removed = [path for path in model if chance.random() < 0.2]
        marked = {
            path: DeletionVector(f"v{number}", chance.randint(1, 5), "")
            for path in model
            if path not in removed and chance.random() < 0.3
        }
        added = [data_file(f"{number}-{each}", rows=chance.randint(5, 9)) for each in range(chance.randint(0, 3))]
        added += [file for path, file in gone.items() if path not in model and chance.random() < 0.3]
        changes = FileChanges(files)
        changes.apply(removed, marked, added)
        files = changes.files()
        gone |= {path: model.pop(path) for path in removed}
        model.update({path: replace(model[path], deletes=vector) for path, vector in marked.items()})
        model.update({file.path: file for file in added})
        history.append((files, model))
        if model and chance.random() < 0.2:
            files = ChangedFiles(base_of(files))
            history.append((files, model))
    return history

"""UPDATE and MERGE."""

from __future__ import annotations

from supertable.application.updates.update_attempts import UpdateAttempts
from supertable.application.updates.update_rows import UpdateRows
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.commits import committer
from supertable.config.wiring.engines.in_process import finder, row_holder, text_values
from supertable.config.wiring.foundation.storage import vectors
from supertable.config.wiring.queries import run_query
from supertable.config.wiring.tables import tables
from supertable.config.wiring.writes import resolver, staging

update_attempts = singleton(
    UpdateAttempts,
    run_query=provided(run_query),
    holder=provided(row_holder),
    staging=provided(staging),
    finder=provided(finder),
    resolver=provided(resolver),
    vectors=provided(vectors),
    text_values=provided(text_values),
)
update_rows = singleton(
    UpdateRows, tables=provided(tables), committer=provided(committer), attempts=provided(update_attempts)
)

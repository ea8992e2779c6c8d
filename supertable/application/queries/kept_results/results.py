"""The kept rows of queries, as the use case that runs them needs them."""

from __future__ import annotations

from dataclasses import dataclass

from supertable.application.ports.engines.parsed_statements import Known, Parameters, Statement
from supertable.application.ports.engines.running_queries import RunningQuery
from supertable.application.queries.engines import Chosen
from supertable.application.queries.kept_results.kept_queries import KeepingQuery
from supertable.application.queries.kept_results.result_cache import KeptRows, ResultCache
from supertable.application.queries.kept_results.result_keys import ResultKey, result_key
from supertable.application.queries.relations.bound_relations import Bound
from supertable.domain.engine_choice import EngineName


@dataclass(frozen=True, slots=True)
class Result:
    """`key`: of the rows of a query; None: they are not kept. `rows`: those that are kept already."""

    key: ResultKey | None = None
    rows: KeptRows | None = None

    @property
    def chosen(self) -> Chosen | None:
        """The engine that read the kept rows; None: there are none."""
        if self.rows is None:
            return None
        read = self.rows.chosen
        return Chosen(
            read.engine, f"The result cache has the rows, which {read.name.upper()} read before.", read.instead
        )

    @property
    def audited_as(self) -> str:
        """What the audit log has for the engine of kept rows; empty: there are none."""
        return "" if self.rows is None else f"{self.rows.chosen.name} (result cache)"


NOT_KEPT = Result()


class Results:
    def __init__(self, cache: ResultCache) -> None:
        self._cache = cache

    def find(
        self,
        sql: str,
        statement: Statement,
        known: Known,
        parameters: Parameters,
        bound: Bound,
        engine: EngineName | None,
    ) -> Result:
        """The rows of an equal query over the same versions under the same rights, if they are kept."""
        if self._cache.is_off:
            return NOT_KEPT
        key = result_key(sql, statement, known, parameters, bound, engine)
        return Result(key, self._cache.find(key)) if key else NOT_KEPT

    def keeping(self, running: RunningQuery, result: Result, chosen: Chosen) -> RunningQuery:
        """The run, whose rows are kept once all of them were read, if they may be and there is space."""
        space = self._cache.space(result.key) if result.key else None
        return running if space is None else KeepingQuery(running, space, chosen)

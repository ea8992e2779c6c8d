"""SQL statements of every kind, run by the use cases that other doors have too.

`RunStatement` is the one use case. A query goes to `RunQuery`; any other statement goes to its handler, which calls the
use case that changes the table, with its rights, checks, versions, audit events and idempotency keys.

To add a kind of statement:
1. its parts, as a frozen dataclass with a `verb`, in `application/ports/engines/statements.py`, and in
   `ChangingStatement`;
2. a function that reads them from the tokens, in `adapters/engines/duckdb/statement/kinds/`, and its first word in
   `_PARSERS` of `kinds/parser.py`. SQL inside the statement (a query, a condition) is cut out by `TokenReader.piece`,
   and stays unchecked text until step 3;
3. a handler here: a callable that takes the dataclass and a `StatementRequest`, and returns a `StatementResult`. What
   it reads, it reads by `request.rows(run_query, sql)`, which runs the SQL as any query of the caller;
4. its line in `config/wiring/statements.py`, which maps each dataclass to its handler. There is no other map.

One statement is one commit. A handler asks for the permission that the use case needs before it tells anything of the
table, and takes `request.bound_info(operation)` as the commit's information, or calls `request.refuse_key(…)`.
"""

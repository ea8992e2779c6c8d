"""What every public call of the Python API does: it checks its arguments, and raises `SupertableError` alone.

Errors are short: the traceback ends at the call, since what happens inside tells nothing of what to do. Their remedies
name the parameters of the call, not the options of the command line. Errors of the caller's own code, which reads rows
from an iterator or is called back, pass unchanged.
"""

from __future__ import annotations

import inspect
import re
import sysconfig
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import timedelta
from functools import wraps
from os import PathLike
from typing import Any, ParamSpec, TypeVar, Union

from supertable.domain.errors import SupertableError, Unavailable, WrongArgument
from supertable.domain.names import did_you_mean

Class = TypeVar("Class", bound=type)
Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
_HOME = __file__.rpartition("entrypoints")[0]
_LIBRARIES = (_HOME, "<frozen", *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")))
_MISUSES = (TypeError, ValueError, AttributeError, OverflowError, LookupError, NotImplementedError)
_COMPILED = (".pyx", ".pxi", ".pxd")
is_command_line: ContextVar[bool] = ContextVar("is_command_line", default=False)
"""Whether the command line makes the calls: then errors keep its words, and their tracebacks."""
_CHECKED: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "text"),
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
    bool: ((bool,), "True or False"),
    timedelta: ((timedelta,), "a timedelta"),
    PathLike: ((PathLike,), "a path"),
    Mapping: ((Mapping,), "a mapping"),
    Sequence: ((Sequence,), "a list"),
    None: ((type(None),), "None"),
    type(None): ((type(None),), "None"),
}
_WORDS: tuple[tuple[str, str], ...] = (
    (r"`tables` lists the existing tables\.", "lake.tables() lists the tables."),
    (r"`tables --dropped` lists", "lake.dropped_tables() lists"),
    (r"rite with evolve to", "rite with evolve=True to"),
    (r"\(--key\)", "(keys=…)"),
    (r"--sample-size -1", "sample_size=-1"),
    (r"--type COLUMN=string", "types={'COLUMN': 'string'}"),
    (r"--on-error skip or rejects", "on_error='skip' or 'rejects'"),
    (r"--format json or ndjson", "format='json' or 'ndjson'"),
    (r"--encoding utf-16-le or utf-16-be", "encoding='utf-16-le' or 'utf-16-be'"),
    (r"--decimal ','", "decimal=','"),
    (r"--quote ''", "quote=''"),
    (r"--max-line-size", "max_line_bytes"),
    (r"--skip\b", "skip_lines=…"),
    (r"--(lenient|all-text)\b", r"\1=True"),
    (r"--(date-format|null|delimiter|encoding)\b", r"\1=…"),
    (r"`supertable catalog rebuild`", "lake.rebuild_catalog()"),
)


def door(cls: Class) -> Class:
    """A class decorator for the public methods and properties of a class."""
    for name, member in list(vars(cls).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, types.FunctionType):
            setattr(cls, name, public_call(member))
        elif isinstance(member, property) and isinstance(member.fget, types.FunctionType):
            setattr(cls, name, property(public_call(member.fget), doc=member.__doc__))
    return cls


def public_call(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """The function, with errors as this module says."""

    @wraps(function)
    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        __tracebackhide__ = True
        try:
            return function(*args, **kwargs)
        except SupertableError as error:
            if is_command_line.get():
                raise
            raised = error
        except BrokenPipeError:
            raise
        except OSError as error:
            if _comes_from_caller(error):
                raise
            where = f": {error.filename}" if error.filename else ""
            raise Unavailable(f"{error.strerror or error}{where}.") from error
        except _MISUSES as error:
            if _comes_from_caller(error):
                raise
            check_arguments(function, args, kwargs)
            raise WrongArgument(f"{function.__name__}() cannot use these arguments: {error}.") from error
        raise in_words_of_python(raised).with_traceback(None) from None

    return call


def in_words_of_python(error: SupertableError) -> SupertableError:
    """The same error, with parameters in place of options of the command line."""
    if error.args and isinstance(error.args[0], str):
        text = error.args[0]
        for option, parameter in _WORDS:
            text = re.sub(option, parameter, text)
        for found in re.findall(r"\b([a-z]+-[a-z]+)=(?:True|…)", text):
            text = text.replace(found, found.replace("-", "_"))
        error.args = (text, *error.args[1:])
    return error


def _comes_from_caller(error: BaseException) -> bool:
    """Whether code that is neither ours nor of a library raised the error, called back by ours."""
    frame = error.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if not name.startswith(_LIBRARIES) and not name.endswith(_COMPILED):
            return True
        frame = frame.tb_next
    return False


def check_arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises `WrongArgument` for an argument that the function lacks, or of another type than a simple annotation."""
    signature = inspect.signature(function)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        known = [name for name in signature.parameters if name not in ("self", "options")]
        found = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        hint = did_you_mean(found[1], known) if found else ""
        hint = hint or f" Its arguments are {', '.join(known) or 'none'}."
        raise WrongArgument(f"{function.__name__}(): {error}.{hint}") from None
    names = {**vars(typing), **getattr(function, "__globals__", {})}
    for name, value in given.items():
        annotation = signature.parameters[name].annotation
        kinds = _simple_kinds(annotation, names) if isinstance(annotation, str) else ()
        if kinds and not any(_is_of(value, kind) for kind in kinds):
            wanted = " or ".join(dict.fromkeys(_CHECKED[typing.get_origin(kind) or kind][1] for kind in kinds))
            raise WrongArgument(f"{function.__name__}(): {name} must be {wanted}, not {_shown(value)}.") from None


def _simple_kinds(annotation: str, names: dict[str, Any]) -> tuple[Any, ...]:
    """The types of a union, if all of them can be checked; else empty."""
    try:
        kind = eval(annotation, names)  # noqa: S307 - our own source text
    except (NameError, TypeError, AttributeError):
        return ()
    if isinstance(kind, str):
        return _simple_kinds(kind, names)
    parts = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    return parts if all((typing.get_origin(part) or part) in _CHECKED for part in parts) else ()


def _is_of(value: Any, kind: Any) -> bool:
    origin = typing.get_origin(kind) or kind
    if isinstance(value, bool) and origin in (int, float):
        return False
    if origin is Sequence and typing.get_args(kind) == (str,) and isinstance(value, list | tuple):
        return all(isinstance(part, str) for part in value)
    return isinstance(value, _CHECKED[origin][0])


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bytes | list | tuple | dict) else ""
    return f"{text[:40]} ({type(value).__name__})" if text else f"a {type(value).__name__}"

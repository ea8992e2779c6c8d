"""Typed versions of dependency-injector's providers, so that mypy checks every part's arguments.

`singleton(WriteRows, tables=provided(tables), …)` takes the parameters of `WriteRows`, where `provided(tables)` has the
type of what the provider `tables` provides. Where a part needs a choice or a setting, a typed function builds it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from dependency_injector import providers

Parameters = ParamSpec("Parameters")
Part = TypeVar("Part")


def singleton(
    make: Callable[Parameters, Part], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> providers.Singleton[Part]:
    """A provider that makes its part once, when it is first used, whichever thread uses it first."""
    return providers.ThreadSafeSingleton(make, *args, **kwargs)


def factory(
    make: Callable[Parameters, Part], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> providers.Factory[Part]:
    """A provider that makes a new part at every use."""
    return providers.Factory(make, *args, **kwargs)


def provided(provider: providers.Provider[Part]) -> Part:
    """An argument of `singleton` or `factory`: what `provider` provides, once the new part is made.

    Until then it is the provider itself, so its only use is as such an argument.
    """
    return cast(Part, provider)


def provider_of(provider: providers.Provider[Part]) -> Callable[[], Part]:
    """An argument of `singleton` or `factory`: the provider itself, for what the new part needs later or repeatedly."""
    return provider.provider

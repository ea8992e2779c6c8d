"""The tree of one command is a part of the tree of all."""

from __future__ import annotations

from typing import Any

from supertable.entrypoints.cli.main import _COMMANDS, _command


def described(command: Any) -> list[Any]:
    """The names, options and texts of a command and of those below it."""
    options = [(option.name, option.opts, getattr(option, "help", None)) for option in command.params]
    below = [described(one) for one in getattr(command, "commands", {}).values()]
    return [command.name, command.help, command.rich_help_panel, options, below]


def test_a_command_alone_is_the_same_as_among_all() -> None:
    whole = _command(None)
    assert whole.commands.keys() == _COMMANDS.keys()
    for name in _COMMANDS:
        alone = _command(name)
        assert list(alone.commands) == [name]
        assert described(alone)[:4] == described(whole)[:4]
        assert described(alone.commands[name]) == described(whole.commands[name])

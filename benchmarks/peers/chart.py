"""The chart for the README: one panel for each case, one bar for each system."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.peers.timing import OURS

_COLUMNS = 3
_WIDTH_INCHES, _PANEL_INCHES, _AROUND_INCHES = 8.6, 1.32, 1.25
_DOTS_PER_INCH = 200
_OURS, _PEER, _INK, _FAINT = "#0f766e", "#c3cad5", "#1f2937", "#6b7280"
_ROOM_FOR_LABELS = 1.32
_STYLE = {"font.family": "DejaVu Sans", "font.size": 8, "text.color": _INK}
_FOOTNOTE = (
    "On disk when a write returns – SuperTable: every file and its folder; Parquet: every file; DuckLake and "
    "pyiceberg: only the catalog; delta-rs: nothing.\n"
    "Reads after upserts: the Parquet peer reads one clean, sorted file of the same rows. "
    "A dash: not measured; pyiceberg then reads a clean copy."
)


def redraw(results: Path, path: Path) -> None:
    """Draw the chart from a saved document."""
    draw(json.loads(results.read_text()), path)


def draw(document: dict[str, Any], path: Path) -> None:
    """Draw the chart as a PNG. `document`: see `report.as_document`."""
    cases, systems = document["cases"], list(document["durability"])
    rows = -(-len(cases) // _COLUMNS)
    height = rows * _PANEL_INCHES + _AROUND_INCHES
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=_DOTS_PER_INCH, facecolor="white")
        panels = figure.subplots(rows, _COLUMNS, squeeze=False).flatten()
        for number, panel in enumerate(panels):
            panel.set_axis_off()
            if number < len(cases):
                _panel(panel, cases[number], systems, named=number % _COLUMNS == 0)
        _frame(figure, height, document["machine"])
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Software": None})


def _panel(panel: Axes, case: dict[str, Any], systems: Sequence[str], named: bool) -> None:
    medians = [case["median_ms"].get(system) for system in systems]
    longest = max(median for median in medians if median is not None)
    panel.set_xlim(0, longest * _ROOM_FOR_LABELS)
    panel.set_ylim(len(systems) - 0.4, -0.6)
    panel.set_title(case["title"][0].upper() + case["title"][1:], loc="left", fontsize=8.2, fontweight="bold", pad=4)
    for place, (system, median) in enumerate(zip(systems, medians, strict=True)):
        ours = system == OURS
        weight = "bold" if ours else "normal"
        panel.barh(place, median or 0, height=0.68, color=_OURS if ours else _PEER)
        text = "–" if median is None else _time(median)
        panel.text((median or 0) + longest * 0.025, place, text, va="center", fontweight=weight, fontsize=7.6)
        if named:
            color = _OURS if ours else _INK
            panel.text(-longest * 0.05, place, system, va="center", ha="right", fontweight=weight, color=color)


def _frame(figure: Figure, height: float, machine: dict[str, Any]) -> None:
    figure.subplots_adjust(
        left=0.155, right=0.985, top=1 - 0.88 / height, bottom=0.5 / height, hspace=0.42, wspace=0.12
    )
    figure.text(0.02, 1 - 0.14 / height, "SuperTable beside its peers", fontsize=13, fontweight="bold", va="top")
    facts = f"{machine['cores']} cores, Python {machine['python']}, DuckDB {machine['packages']['duckdb']}"
    text = f"Median time of a call: shorter is better. Each panel has its own scale. One run, taking turns: {facts}."
    figure.text(0.02, 1 - 0.42 / height, text, fontsize=7.6, color=_FAINT, va="top")
    figure.text(0.02, 0.09 / height, _FOOTNOTE, fontsize=6.6, color=_FAINT, va="bottom", linespacing=1.4)


def _time(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"

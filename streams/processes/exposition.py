"""`/metrics` of several processes as one page: every series says whose it is.

prometheus_client's own way for several processes (files that all of them map) knows neither
collectors that are asked nor which gauges may be added up (docs/decisions/0145).
"""

from __future__ import annotations

from collections.abc import Iterable

LABEL = "process"


def merged(pages: Iterable[tuple[str, str]]) -> str:
    """One page of several, each as (process, text); of the process "" series stay as they are.

    A family's lines stand together, as the format wants, under the first page's words for it.
    """
    families: dict[str, tuple[list[str], list[str]]] = {}
    for process, text in pages:
        heads: list[str] = []
        samples: list[str] = []
        known = False
        for line in text.splitlines():
            if line.startswith("# HELP "):
                heads, samples = families.setdefault(line.split(" ", 3)[2], ([], []))
                known = bool(heads)
            if line.startswith("#"):
                if not known:
                    heads.append(line)
            elif line:
                samples.append(_labelled(line, process) if process else line)
    return "".join(
        f"{line}\n" for heads, samples in families.values() for line in (*heads, *samples)
    )


def _labelled(sample: str, process: str) -> str:
    """`name{a="b"} 1` with one label more: names hold no blank and no brace."""
    name, blank, value = sample.partition(" ")
    head, brace, labels = name.partition("{")
    label = f'{LABEL}="{process}"'
    if brace:
        return f"{head}{{{label},{labels}{blank}{value}"
    return f"{name}{{{label}}}{blank}{value}"

"""Every source, by its name."""

from __future__ import annotations

from streams.inputs.sources.kuaidi100 import SOURCE as KUAIDI100
from streams.inputs.sources.source import Source
from streams.inputs.sources.zto import SOURCE as ZTO

SOURCES: dict[str, Source] = {source.name: source for source in (KUAIDI100, ZTO)}

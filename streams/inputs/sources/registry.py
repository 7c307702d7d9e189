"""Every source, by its name."""

from __future__ import annotations

from streams.inputs.sources.dhl import SOURCE as DHL
from streams.inputs.sources.fedex import SOURCE as FEDEX
from streams.inputs.sources.kuaidi100 import SOURCE as KUAIDI100
from streams.inputs.sources.source import Source
from streams.inputs.sources.ups import SOURCE as UPS
from streams.inputs.sources.usps import SOURCE as USPS
from streams.inputs.sources.zto import SOURCE as ZTO

SOURCES: dict[str, Source] = {
    source.name: source for source in (DHL, FEDEX, KUAIDI100, UPS, USPS, ZTO)
}

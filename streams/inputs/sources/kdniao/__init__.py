"""KDNiao (快递鸟): pushes of many parcels' whole histories, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.kdniao.envelope import addressed, genuine
from streams.inputs.sources.kdniao.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source

SOURCE = Source(
    name="kdniao",
    title="快递鸟 KDNiao",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, '{"Success":true,"Reason":""}'),
    failed=Answer(500, '{"Success":false,"Reason":"retry"}'),
    addressed=addressed,
)

"""Every source, by its name."""

from __future__ import annotations

from streams.inputs.sources.aftership import SOURCE as AFTERSHIP
from streams.inputs.sources.canonical import SOURCE as CANONICAL
from streams.inputs.sources.dhl import SOURCE as DHL
from streams.inputs.sources.douyin import SOURCE as DOUYIN
from streams.inputs.sources.easypost import SOURCE as EASYPOST
from streams.inputs.sources.fedex import SOURCE as FEDEX
from streams.inputs.sources.jd import SOURCE as JD
from streams.inputs.sources.kdniao import SOURCE as KDNIAO
from streams.inputs.sources.kuaidi100 import SOURCE as KUAIDI100
from streams.inputs.sources.sf import SOURCE as SF
from streams.inputs.sources.ship24 import SOURCE as SHIP24
from streams.inputs.sources.shippo import SOURCE as SHIPPO
from streams.inputs.sources.shopify import SOURCE as SHOPIFY
from streams.inputs.sources.source import Source
from streams.inputs.sources.taobao import SOURCE as TAOBAO
from streams.inputs.sources.tiktok import SOURCE as TIKTOK
from streams.inputs.sources.track17 import SOURCE as TRACK17
from streams.inputs.sources.trackingmore import SOURCE as TRACKINGMORE
from streams.inputs.sources.ups import SOURCE as UPS
from streams.inputs.sources.usps import SOURCE as USPS
from streams.inputs.sources.wechat import SOURCE as WECHAT
from streams.inputs.sources.woocommerce import SOURCE as WOOCOMMERCE
from streams.inputs.sources.yto import SOURCE as YTO
from streams.inputs.sources.zto import SOURCE as ZTO

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        AFTERSHIP,
        CANONICAL,
        DHL,
        DOUYIN,
        EASYPOST,
        FEDEX,
        JD,
        KDNIAO,
        KUAIDI100,
        SF,
        SHIP24,
        SHIPPO,
        SHOPIFY,
        TAOBAO,
        TIKTOK,
        TRACK17,
        TRACKINGMORE,
        UPS,
        USPS,
        WECHAT,
        WOOCOMMERCE,
        YTO,
        ZTO,
    )
}
"""Alphabetically by their folders; a source more is an import and a line here."""

"""Words of carriers: what a line says of its parcel, and whether its scan was made at a hub."""

from __future__ import annotations

import pytest

from streams.inputs.sources.wording import status_of


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("【杭州转运中心】 已收入", "hub"),
        ("【杭州转运中心】 已发出 下一站 【宁波转运中心】", "hub"),
        ("【余杭良渚公司】 已发出 下一站 【杭州转运中心】", "in_transit"),
        ("由【上海浦东转运中心】发往【浙江杭州转运中心】", "hub"),
        ("快件由【杭州分拣中心】准备发往【宁波鄞州营业部】", "in_transit"),
        ("快件已发往转运中心", "in_transit"),
        ("快件即将到达杭州转运中心", "in_transit"),
        ("【杭州市】快件离开【余杭良渚】已发往【杭州中转部】", "in_transit"),
        ("【杭州市】快件已到达【杭州中转】", "hub"),
        ("[江苏徐州分拨中心]进行装车扫描，即将发往：江苏苏州分拨中心", "hub"),
        ("快件在【深圳总集散中心】装车，已发往下一站", "hub"),
        ("离开深圳市 发往广州市", "in_transit"),
        ("正在派件，请您准备签收", "out_for_delivery"),
        ("已签收，签收人凭取货码签收", "delivered"),
        ("快件已由【菜鸟驿站】代收，请凭取件码取件", "ready_for_pickup"),
        ("客户拒收，快件退回", "returning"),
        ("派送不成功：电话无法联系收件人", "attempt_failed"),
        ("等待揽收", "ordered"),
        ("已揽件", "picked_up"),
        ("收件人电话有误", None),
        ("快件已清关", "customs"),
        ("没有人见过的话", None),
        ("【菜鸟驿站】已揽收", "picked_up"),
        ("您的快件已在【菜鸟驿站】完成揽收", "picked_up"),
        ("揽收失败，请联系快递员", "exception"),
        ("快件已到达【杭州中转部】，预计明天派送", "hub"),
        ("快件到达【杭州西湖】，预计今日派送", "in_transit"),
        ("到达目的地城市派送网点", "in_transit"),
        ("包裹已从代收点取出，感谢使用", "delivered"),
        ("包裹已到达【文一路店】，请及时取件", "ready_for_pickup"),
        ("您的快件代签收（门卫）", "delivered"),
        ("快递员正在派送，请务必本人签收", "out_for_delivery"),
        ("收件人拒绝签收", "attempt_failed"),
        ("配送员开始配送，请您准备收货", "out_for_delivery"),
        ("货物已完成配送", "delivered"),
        ("【山东省济南市孙村公司】 已收入", "in_transit"),
        ("浙江省杭州市萧山中部公司 已打包", "in_transit"),
        ("商品已打包", None),
        ("到【青岛转运中心】", "hub"),
        ("【青岛转运中心】，正发往【广州番禺转运中心】", "in_transit"),
        ("浙江杭州中转部-已发往-湖南长沙转运中心", "hub"),
        ("浙江临安西部公司-已发往-浙江杭州转运中心", "in_transit"),
        ("已到达-湖南长沙转运中心", "hub"),
        ("快件已到达投揽部，等待派件", "in_transit"),
        ("商品已经下单", "ordered"),
        ("商家正通知快递公司揽件", "ordered"),
        ("包裹正在等待揽件", "ordered"),
        ("揽收任务已分配给站点", "ordered"),
        ("等待快递员上门揽收", "ordered"),
        ("快递员已上门揽收", "picked_up"),
        ("到达目的地网点，快件很快进行派送", "in_transit"),
        ("快件已发往【西湖菜鸟驿站】", "in_transit"),
        ("快件到达【南山】，代收货款300元", "in_transit"),
        ("快件在【兴善营业部】分拣完成", "in_transit"),
        ("【金川揽投部】正在投递", "out_for_delivery"),
        ("邮件已妥投", "delivered"),
        ("正常签收", "delivered"),
        ('在官网"运单资料&签收图",可查看签收人信息', "unknown"),
        ("您的快件已派送至【丰巢智能快递柜】，请及时取件", "ready_for_pickup"),
    ],
)
def test_chinese_words(words: str, status: str | None) -> None:
    """The acting place is the hub, and the verb says done; what is announced counts for nothing."""
    assert status_of(words) == status


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Arrived at USPS Regional Facility", "hub"),
        ("Departed from Facility", "hub"),
        ("Out for Delivery Today", "out_for_delivery"),
        ("Delivered, Front Door/Porch", "delivered"),
        ("Shipping Label Created, USPS Awaiting Item", "ordered"),
        ("Picked up", "picked_up"),
        ("Delivery attempted, business closed", "attempt_failed"),
        ("Held at customs", "customs"),
        ("Expected delivery changed", "unknown"),
        ("In transit", "in_transit"),
        ("Return to sender", "returning"),
        ("Your item is being returned to sender", "returning"),
        ("The package will be returned to the sender", "returning"),
        ("Returned to sender", "returned"),
        ("Out for Delivery, Expected Delivery by 9:00pm", "out_for_delivery"),
        ("On FedEx vehicle for delivery", "out_for_delivery"),
        ("Item could not be delivered", "exception"),
        ("Your parcel will be delivered tomorrow", None),
        ("Collected by recipient", "delivered"),
        ("Unsuccessful delivery", "attempt_failed"),
        ("Arriving late", "unknown"),
        ("Destination Scan", "in_transit"),
        ("In Transit to Next Facility", "in_transit"),
        ("Processed at LEIPZIG - GERMANY", "in_transit"),
        ("With delivery courier", "out_for_delivery"),
        ("USPS in possession of item", "picked_up"),
        ("Nobody ever said this", None),
    ],
)
def test_english_words(words: str, status: str | None) -> None:
    """Estimates are no records."""
    assert status_of(words) == status

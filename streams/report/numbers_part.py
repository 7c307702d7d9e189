"""The parts of the page with figures: shops, stock, carriers and lanes, problems with the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from streams.facts.times import HOUR, from_datetime
from streams.report import charts
from streams.report.html import Html, code, small
from streams.report.measures import Measure
from streams.report.problems import Problem
from streams.report.report import SHOP_DAYS, Report
from streams.report.wording import Said, label, lane, length, percent, problem, same, share, time_of

MOST_CARRIERS = 12
"""Carriers of a chart; the tables have all."""

MOST_SHOPS = 12
"""Shops with a chart of their own; the table has all."""

MOST_PRODUCTS = 300
"""Products that are short on the page; the workbook has all."""

MOST_LANES = 60
"""Rows of carriers and lanes on the page; the workbook has all."""


def shops(html: Html, report: Report) -> str:
    """Each shop's last days against the lines of its platform."""
    if not report.shops:
        return html.section("shops", html.paragraph("no_shops"))
    heads = (
        *("shop", "day", "orders_due", "orders_late", "late_share", "orders_shipped"),
        *("orders_abnormal", "abnormal_share", "line", "distance"),
    )
    table = html.table(
        label("shops"),
        [label(each) for each in heads],
        [_shop_row(html, each) for each in report.shops],
        (2, 3, 4, 5, 6, 7, 9),
    )
    drawn: list[str] = []
    for (platform, shop_id), days in groupby(report.shops, key=shop_of):
        if len(drawn) < MOST_SHOPS and (chart := _chart_of_shop(html, platform, shop_id, days)):
            drawn.append(chart)
    return html.section(
        "shops",
        html.paragraph("shops_intro", days=SHOP_DAYS),
        f'<div class="charts">{"".join(drawn)}</div>' if drawn else "",
        table,
    )


def stock(html: Html, report: Report) -> str:
    """The products that are short, what lacks most first."""
    short = [each for each in report.stock if each["short_by"]]
    if not short:
        return html.section("stock", html.paragraph("none_short", count=len(report.stock)))
    heads = (
        *("product", "shop", "short_by", "available", "pieces_unshipped", "since"),
        "orders_that_break",
    )
    rows = [_stock_row(html, each) for each in short[:MOST_PRODUCTS]]
    table = html.table(label("stock"), [label(each) for each in heads], rows, (2, 3, 4))
    shown = ""
    if len(short) > MOST_PRODUCTS:
        shown = html.paragraph("shown", shown=MOST_PRODUCTS, all=len(short))
    return html.section("stock", html.paragraph("stock_intro"), table, shown)


def carriers(html: Html, report: Report) -> str:
    """How carriers and lanes do."""
    measured = report.measured
    if not measured.carriers:
        return html.section("carriers", html.paragraph("no_carriers"))
    heads = (
        *("carrier", "lane", "parcels", "waiting", "delivered", "pickup_median", "pickup_p90"),
        *("travel_median", "travel_p90", "gap", "gap_parcel", "on_time"),
    )
    rows = [*measured.carriers, *measured.lanes]
    rows.sort(key=lambda each: [one.carrier for one in measured.carriers].index(each.carrier))
    table = html.table(
        label("carriers"),
        [label(each) for each in heads],
        [_measure_row(html, each) for each in rows[:MOST_LANES]],
        (2, 3, 4, 5, 6, 7, 8, 9, 11),
    )
    shown = ""
    if len(rows) > MOST_LANES:
        shown = html.paragraph("shown", shown=MOST_LANES, all=len(rows))
    both = f"{_chart_of_pickups(html, report)}{_chart_in_time(html, report)}"
    drawn = f'<div class="charts">{both}</div>'
    return html.section("carriers", html.paragraph("carriers_intro"), drawn, table, shown)


def data(html: Html, report: Report) -> str:
    """What is wrong with the data."""
    if not report.problems:
        return html.section("problems", html.paragraph("no_problems"))
    heads = [label(each) for each in ("problem", "count", "examples")]
    rows = [_problem_row(html, each) for each in report.problems]
    table = html.table(label("problems"), heads, rows, (1,))
    return html.section("problems", html.paragraph("problems_intro"), table)


def shop_of(day: Mapping[str, Any]) -> tuple[str, str]:
    """Whose day it is: platform and shop."""
    return day["platform"], day["shop_id"]


def nearest(day: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The line of a day that the fewest orders more would cross; None: the platform draws none."""
    lines = [*day["lines"], *day["windows"]]
    return min(lines, key=lambda line: line["distance"], default=None)


def line_text(line: Mapping[str, Any]) -> Said:
    """A line in words, and over which days it is taken."""
    threshold = line["threshold"]
    share = threshold["basis_points"]
    text = label(
        "line_of" if share else "line_count",
        measure=label(f"measure_{line['orders']}"),
        over=label(f"line_over_{threshold['comparator']}"),
        share=percent(share),
        least=threshold["least"],
    )
    if "first_day" not in line:
        return text
    return label("line_within", line=text, first=line["first_day"], last=line["last_day"])


def hours(us: int | None) -> str:
    """A length in hours with one decimal."""
    return "–" if us is None else f"{us / HOUR:.1f}"


def _shop_row(html: Html, day: Mapping[str, Any]) -> list[str]:
    counts, rates = day["counts"], day["rates"]
    line = nearest(day)
    if line is None:
        text, distance = small(html.label("no_line")), "–"
    else:
        text, distance = html.say(line_text(line)), str(line["distance"])
        if line["crossed"]:
            distance = f'<span class="badge critical">{html.label("crossed")}</span>'
    platform, shop_id = shop_of(day)
    return [
        f"{html.say(same(shop_id))} {small(html.say(same(platform)))}",
        html.say(same(day["day"])),
        str(counts["due"]),
        str(counts["late"]),
        percent(rates["late"]),
        str(counts["shipped"]),
        str(counts["abnormal"]),
        percent(rates["abnormal"]),
        text,
        distance,
    ]


def _stock_row(html: Html, product: Mapping[str, Any]) -> list[str]:
    platform, shop_id = shop_of(product)
    orders = " ".join(code(each["order_id"]) for each in product["short_orders"])
    return [
        html.say(same(product["product_id"])),
        f"{html.say(same(shop_id))} {small(html.say(same(platform)))}",
        f'<span class="badge critical">{product["short_by"]}</span>',
        str(product["available"]),
        str(product["unshipped"]),
        _moment(product["short_since"]),
        orders,
    ]


def _moment(text: str) -> str:
    """A time that a message has, in Beijing."""
    return time_of(from_datetime(datetime.fromisoformat(text)))


def _chart_of_shop(html: Html, platform: str, shop_id: str, days: Any) -> str:
    every = [day for day in days if day["counts"]["due"]]
    if not every:
        return ""
    values: list[tuple[Said, list[tuple[float, str]]]] = [
        (
            same(day["day"]),
            [
                (
                    (day["rates"]["late"] or 0) / 100,
                    f"{percent(day['rates']['late'])} "
                    f"({day['counts']['late']}/{day['counts']['due']})",
                )
            ],
        )
        for day in every
    ]
    drawn = [line for line in every[-1]["lines"] if line["orders"] == "late"]
    mark = None
    if drawn:
        low = min(drawn, key=lambda line: int(line["threshold"]["basis_points"]))
        mark = charts.Mark(low["threshold"]["basis_points"] / 100, line_text(low))
    name = label("chart_late", shop=f"{shop_id} · {platform}")
    series = [charts.Series(label("late_share"), "warning")]
    return charts.bars(html, name, series, values, mark)


def _measure_row(html: Html, measure: Measure) -> list[str]:
    pickup, travel = measure.pickup, measure.travel
    return [
        html.say(same(measure.carrier)),
        html.say(lane(measure.lane)),
        str(measure.parcels),
        str(measure.waiting),
        str(measure.delivered),
        *(_length(html, pickup and pickup[n]) for n in (0, 1)),
        *(_length(html, travel and travel[n]) for n in (0, 1)),
        _length(html, measure.gap),
        code(measure.gap_key.partition(":")[2]),
        share(measure.in_time, measure.due),
    ]


def _length(html: Html, us: int | None) -> str:
    return "–" if us is None else html.say(length(us))


def _chart_of_pickups(html: Html, report: Report) -> str:
    values: list[tuple[Said, list[tuple[float, str]]]] = [
        (same(each.carrier), [(us / HOUR, f"{hours(us)} h") for us in each.pickup])
        for each in report.measured.carriers[:MOST_CARRIERS]
        if each.pickup is not None
    ]
    series = [charts.Series(label("median"), "info"), charts.Series(label("p90"), "ended")]
    return charts.bars(html, label("chart_pickup"), series, values) if values else ""


def _chart_in_time(html: Html, report: Report) -> str:
    values: list[tuple[Said, list[tuple[float, str]]]] = [
        (
            same(each.carrier),
            [
                (
                    100 * each.in_time / each.due,
                    share(each.in_time, each.due),
                )
            ],
        )
        for each in report.measured.carriers[:MOST_CARRIERS]
        if each.due
    ]
    series = [charts.Series(label("on_time"), "good")]
    return charts.bars(html, label("chart_in_time"), series, values) if values else ""


def _problem_row(html: Html, found: Problem) -> list[str]:
    examples = "<br>".join(code(each) for each in found.examples)
    detail = f"<br>{small(html.say(same(found.detail)))}" if found.detail else ""
    return [html.say(problem(found.code)), str(found.number), examples + detail]

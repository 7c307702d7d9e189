"""The list as a page. It loads nothing and runs nothing; every value goes through `escape`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

from streams.decode.moments import parse_time
from streams.facts.times import MINUTE
from streams.outputs.message import beijing
from streams.profiles.money import spelled
from streams.texts.wording import Wording

_WORDS = {
    "title": ("Shipment warnings that stand", "当前发货风险预警"),
    "shown": (
        "{shown} of {total}, the most urgent first",
        "共 {total} 条，显示最紧急的 {shown} 条",
    ),
    "none": (
        "No warning stands that fits. Filters: {filters}",
        "没有符合条件的预警。筛选条件：{filters}",
    ),
    "no_filters": ("none", "无"),
    "missing": (
        "Not in this list: {what}. Reload in a moment.",
        "以下内容暂缺：{what}。请稍后刷新。",
    ),
    "deadline": ("Act before", "处理截止"),
    "state": ("State", "状态"),
    "rule": ("Risk", "风险"),
    "shop": ("Shop", "店铺"),
    "parcel": ("Parcel", "包裹"),
    "orders": ("Orders", "订单"),
    "cost": ("May cost", "可能损失"),
    "todo": ("What to do", "建议处理"),
    "id": ("Warning", "预警编号"),
    "now": ("at once", "尽快"),
    "left": ("{hours} h {minutes} min left", "剩 {hours} 小时 {minutes} 分"),
    "over": ("{hours} h {minutes} min over", "已超 {hours} 小时 {minutes} 分"),
    "strike": ("a strike", "记违规"),
    "unknown": ("a sum not known", "金额未知"),
    "other": ("中文", "English"),
    "risk": (
        "A warning is a risk seen in the facts received, not the platform's judgement.",
        "预警根据已收到的事实提示风险，不代表平台的判定。",
    ),
}

_COLUMNS = ("deadline", "state", "rule", "shop", "parcel", "orders", "cost", "todo", "id")

_STYLE = """
* { box-sizing: border-box; }
body { font: 14px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #1b1f24;
  margin: 0 auto; padding: 16px 24px; max-width: 1600px; background: #fff;
  overflow-wrap: anywhere; }
h1 { font-size: 20px; margin: 0; } p { margin: 4px 0 12px; }
.quiet { color: #57606a; } .note { border-left: 4px solid #bf8700; background: #fff8e5;
  padding: 6px 10px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px;
  border-bottom: 1px solid #d8dee4; }
th { position: sticky; top: 0; background: #f6f8fa; font-weight: 600; white-space: nowrap; }
.when { font-variant-numeric: tabular-nums; min-width: 10em; }
.id { font: 12px/1.6 ui-monospace, Consolas, monospace; }
td.id { min-width: calc(15ch + 20px); } td.orders { min-width: calc(19ch + 21px); }
.risk { overflow-wrap: break-word; } .shop { min-width: 7em; }
.short, .open, .breached { white-space: nowrap; }
.todo { min-width: 12em; }
.key { display: block; width: 9ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  user-select: all; -webkit-user-select: all; }
.open { color: #9a6700; font-weight: 600; } .breached { color: #b42318; font-weight: 600; }
a { color: #0969da; }
@media (max-width: 1260px) {
  body { padding: 12px; }
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { border: 1px solid #d8dee4; border-radius: 6px; margin: 0 0 12px; padding: 6px 0; }
  td, td.id, td.orders, .when, .risk, .shop, .todo { border: 0; padding: 3px 10px;
    display: grid; min-width: 0; grid-template-columns: 84px minmax(0, 1fr); gap: 8px; }
  td:has(div:empty) { display: none; }
  td::before { content: attr(data-label); color: #57606a; font: 13px/1.5 system-ui, sans-serif;
    white-space: normal; }
  .short, .open, .breached, .key { white-space: normal; }
  .key { width: auto; }
}
"""


def page(
    rows: Sequence[Mapping[str, Any]],
    total: int,
    missing: Sequence[str],
    given: Mapping[str, list[str]],
    language: str,
    now: int,
) -> str:
    """The page in a language at `now` (µs); `given` are the parameters that it was asked with."""
    says, words = _Says(language), Wording((language,))
    filters = {
        name: values
        for name, values in given.items()
        if name not in ("lang", "format") and any(values)
    }
    named = "; ".join(f"{name} = {', '.join(values)}" for name, values in sorted(filters.items()))
    if rows:
        head = says("shown", shown=len(rows), total=total)
    else:
        head = says("none", filters=named or says("no_filters"))
    other = "zh" if language == "en" else "en"
    link = "?" + urlencode([*((n, v) for n in filters for v in filters[n]), ("lang", other)])
    line = [head, named, beijing(now)] if rows else [head, beijing(now)]
    parts = [
        f"<h1>{escape(says('title'))}</h1>",
        f'<p class="quiet">{escape(" · ".join(filter(None, line)))} · '
        f'<a href="{escape(link)}">{escape(says("other"))}</a></p>',
    ]
    if missing:
        what = ", ".join(missing)
        parts.append(f'<p class="note">{escape(says("missing", what=what))}</p>')
    if rows:
        heads = "".join(f"<th>{escape(says(name))}</th>" for name in _COLUMNS)
        body = "\n".join(_row(each, says, words, language, now) for each in rows)
        parts.append(
            f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        )
    parts.append(f'<p class="quiet">{escape(says("risk"))}</p>')
    body = "\n".join(parts)
    return f"""<!DOCTYPE html>
<html lang="{"zh-CN" if language == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(says("title"))}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


class _Says:
    """The page's words in one language."""

    def __init__(self, language: str) -> None:
        self._place = 1 if language == "zh" else 0

    def __call__(self, name: str, **values: object) -> str:
        return _WORDS[name][self._place].format(**values)


def _row(warning: Mapping[str, Any], says: _Says, words: Wording, language: str, now: int) -> str:
    state = str(warning["state"])
    stage = "" if warning["stage"] == "violation" else f" ({warning['stage']})"
    rule = words.title(warning["rule"])
    carrier, number = warning["carrier"], warning["tracking_number"]
    parcel = "" if number is None else f"{escape(str(carrier))}<br>{escape(str(number))}"
    orders = list(warning["order_ids"])
    more = f" +{len(orders) - 5}" if len(orders) > 5 else ""
    key = str(warning["warning_id"])
    shop = f"{escape(str(warning['shop_id']))}<br>" if warning["shop_id"] else ""
    cells = (
        ("when", "<br>".join(map(escape, _deadline(warning, says, now)))),
        ("open" if state == "open" else "breached", escape(words.word("states", state))),
        (
            "risk",
            f'{escape(rule)}<br><span class="id quiet">{escape(str(warning["rule"]))}'
            f"{escape(stage)}</span>",
        ),
        ("shop", f'{shop}<span class="quiet">{escape(str(warning["platform"]))}</span>'),
        ("id", parcel),
        ("id orders", "<br>".join(map(escape, orders[:5])) + more),
        ("short", escape(_cost(warning["exposure"], says))),
        ("todo", escape(str(warning["remedy"][language]))),
        # Cut by the style and not in the text: a click selects the whole id, to be copied.
        ("", f'<span class="id key" title="{escape(key)}">{escape(key)}</span>'),
    )
    body = "".join(
        f'<td class="{look}" data-label="{escape(says(name))}"><div>{cell}</div></td>'
        for name, (look, cell) in zip(_COLUMNS, cells, strict=True)
    )
    return f"<tr>{body}</tr>"


def _deadline(warning: Mapping[str, Any], says: _Says, now: int) -> tuple[str, ...]:
    deadline = parse_time(warning["deadline"])
    if deadline is None:
        return (says("now"),) if warning["state"] == "open" else ()
    minutes = abs(deadline - now) // MINUTE
    word = says("left" if deadline > now else "over", hours=minutes // 60, minutes=minutes % 60)
    return beijing(deadline), word


def _cost(exposure: Mapping[str, Any], says: _Says) -> str:
    if exposure["kind"] == "strike":
        return says("strike")
    if exposure.get("least") is None:
        return says("unknown")
    return spelled(exposure["currency"], exposure["least"], exposure["most"])

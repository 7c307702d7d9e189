"""`evidence.html`: the bundle as a page to print. It loads nothing and runs nothing.

Every value goes through `escape`: numbers, ids and places come from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timezone
from html import escape
from typing import Any

from streams.engine.kafka.warning_records import STATES
from streams.facts.times import BEIJING
from streams.profiles.money import spelled
from streams.texts.wording import Wording

_NONE = "–"
_MONEY = ("amount_paid", "amount_goods")
_TIMES = ("opened_at", "deadline", "breached_at", "resolved_at")
_LABELS = {
    "opened_at": "warned_from",
    "resolved_at": "ended_at",
    "limit_hours": "limit",
    "records": "proved_by",
}
"""What the page calls fields of a revision that it calls otherwise."""

_STYLE = """
@page { size: A4; margin: 14mm; }
* { box-sizing: border-box; }
body { font: 14px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #1b1f24;
  max-width: 210mm; margin: 0 auto; padding: 8mm; background: #fff; }
h1 { font-size: 22px; margin: 0 0 2px; }
h2 { font-size: 15px; margin: 22px 0 6px; padding-bottom: 3px; border-bottom: 1px solid #c9d1d9;
  break-after: avoid; }
p { margin: 4px 0; }
.id, code { font: 12px/1.4 ui-monospace, Consolas, monospace; overflow-wrap: anywhere; }
.quiet { color: #57606a; font-size: 12px; }
.note { border-left: 4px solid #bf8700; background: #fff8e5; padding: 6px 10px; margin: 8px 0; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 4px;
  padding: 0 8px; font-weight: 600; }
.open { color: #9a6700; } .breached { color: #b42318; }
.resolved { color: #1a7f37; } .withdrawn { color: #57606a; }
table { border-collapse: collapse; width: 100%; margin: 4px 0; }
th, td { text-align: left; vertical-align: top; padding: 4px 8px; border: 1px solid #d8dee4; }
.course { font-size: 12px; }
.course th, .course td { padding: 4px 6px; }
.course td { white-space: nowrap; }
.course .content { white-space: normal; width: 52%; }
.content { overflow-wrap: anywhere; }
th { background: #f6f8fa; font-weight: 600; }
.pairs th { width: 30%; }
.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
tr { break-inside: avoid; }
@media print { body { padding: 0; max-width: none; font-size: 12px; } .note { background: none; } }
"""


def page(evidence: dict[str, Any], languages: Sequence[str], *, with_records: bool) -> str:
    """The page; `with_records` says whether the originals lie beside it."""
    words = Wording(languages)
    title = f"{words.title(evidence['rule'])} · {words.label('title')}"
    body = "\n".join(
        (
            _head(evidence, words),
            _judged(evidence, words),
            _subject(evidence, words),
            _clock(evidence, words),
            _records(evidence, words),
            _hand_over(evidence, words),
            _timeline(evidence, words),
            _rules(evidence, words),
            _exposure(evidence, words),
            _integrity(evidence, words, with_records),
        )
    )
    return f"""<!DOCTYPE html>
<html lang="{"zh-CN" if languages[0] == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _head(evidence: dict[str, Any], words: Wording) -> str:
    state = str(evidence["state"])
    known = state if state in STATES else "open"
    return (
        f"<h1>{escape(words.title(evidence['rule']))}</h1>\n"
        f'<p class="quiet">{escape(words.label("title"))}</p>\n'
        f'<p><span class="badge {known}">{escape(words.word("states", state))}</span> '
        f"{escape(words.word('severities', evidence['severity']))}</p>\n"
        f'<p class="quiet">{escape(words.label("warning_id"))}: '
        f'<span class="id">{_text(evidence["warning_id"])}</span> · '
        f"{_text(evidence['rule'])}/{_text(evidence['stage'])}<br>"
        f"{escape(words.label('made_at'))}: {_both_times(evidence['made_at'])}</p>"
    )


def _judged(evidence: dict[str, Any], words: Wording) -> str:
    parts = [_heading(words, "judged")]
    parts += [f"<p>{escape(text)}</p>" for text in words.texts(evidence["message"])]
    remedy = words.texts(evidence["remedy"])
    if remedy and evidence["state"] in ("open", "breached"):
        parts.append(f"<p><strong>{escape(words.label('remedy'))}</strong></p>")
        parts += [f"<p>{escape(text)}</p>" for text in remedy]
    if evidence["feed"] == "silent":
        parts.append(f'<p class="note">{escape(words.label("silent"))}</p>')
    return "\n".join(parts)


def _subject(evidence: dict[str, Any], words: Wording) -> str:
    rows = []
    for name, value in evidence["subject"].items():
        if value not in (None, []):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            rows.append((words.label(name), f'<span class="id">{escape(shown)}</span>'))
    return _heading(words, "subject") + _pairs(rows)


def _clock(evidence: dict[str, Any], words: Wording) -> str:
    clock, state = evidence["clock"], evidence["state"]
    comparator = (clock["threshold"] or {}).get("comparator")
    is_clock = comparator is not None or clock["deadline"] is not None
    rows = [(words.label("started_at"), _both_times(clock["started_at"]))]
    if clock["limit_hours"] is not None:
        name = {"gt": "more_than", "ge": "at_least"}.get(str(comparator), "hours")
        rows.append((words.label("limit"), escape(words.label(name, hours=clock["limit_hours"]))))
    if clock["lane"] is not None:
        rows.append((words.label("lane"), escape(words.seen("lane", clock["lane"]))))
    if clock["detail"] is not None:
        rows.append((words.label("detail"), escape(words.seen("detail", clock["detail"]))))
    rows.append((words.label("warned_from"), _both_times(clock["warned_from"])))
    if is_clock:
        rows.append((words.label("deadline"), _both_times(clock["deadline"])))
        rows.append((words.label("breached_at"), _time_or(clock["breached_at"], state, words)))
    rows.append((words.label("ended_at"), _time_or(clock["ended_at"], state, words)))
    return _heading(words, "clock" if is_clock else "holding") + _pairs(rows)


def _records(evidence: dict[str, Any], words: Wording) -> str:
    records = evidence["records"]
    if not records:
        return _heading(words, "records") + f"<p>{escape(words.label('no_records'))}</p>"
    head = _row("th", (words.label(name) for name in ("beijing", "utc", "status", "content")))
    return (
        f"{_heading(words, 'records')}<table><thead>{head}</thead>"
        f"<tbody>{''.join(_record(record, words) for record in records)}</tbody></table>"
    )


def _record(record: dict[str, Any], words: Wording) -> str:
    place = f"{record['topic']} {record['partition']}/{record['offset']}"
    parts = [f"<p>{_fields(record['fields'], words)}</p>"] if record["fields"] else []
    if not record["found"]:
        parts.append(
            f'<p class="note">{escape(words.label("not_found"))}: {_text(record["missing"])}</p>'
        )
    elif not record["says_the_same"]:
        parts.append(f'<p class="note">{escape(words.label("differs"))}</p>')
    parts.append(f'<p class="quiet">{escape(words.label("source"))}: {escape(place)}</p>')
    if record["sha256"]:
        digest = escape(record["sha256"])
        parts.append(f'<p class="quiet">{escape(words.label("sha256"))}: <code>{digest}</code></p>')
    return (
        f"<tr>{_cell(record['occurred_at'], BEIJING)}{_cell(record['occurred_at'], UTC)}"
        f"<td>{escape(words.word('statuses', record['status']))}</td>"
        f'<td class="content">{"".join(parts)}</td></tr>'
    )


def _fields(fields: dict[str, Any], words: Wording) -> str:
    """The fields of a record by what they are called; time and status have columns of their own."""
    shown = []
    currency = str(fields.get("currency") or "")
    for name, value in fields.items():
        if isinstance(value, dict):
            value = " ".join(str(part) for part in value.values())
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        elif name in _MONEY and isinstance(value, int) and currency:
            value = spelled(currency.upper(), value, value)
        elif name in _MONEY:
            value = words.label("minor_units", amount=value)
        elif name == "currency" and any(isinstance(fields.get(each), int) for each in _MONEY):
            continue
        if name not in ("status", "occurred_at") and value != "":
            label = escape(words.word("fields", name))
            shown.append(f'<span class="quiet">{label}</span> {escape(str(value))}')
    return " · ".join(shown)


def _timeline(evidence: dict[str, Any], words: Wording) -> str:
    course = evidence["timeline"]
    rows = "".join(
        f"<tr>{_published(one['detected_at'], BEIJING)}{_published(one['detected_at'], UTC)}"
        f"<td>{escape(words.word('states', one['state']))}</td>"
        f'<td class="content">{_news(before, one, words)}</td></tr>'
        for before, one in zip((None, *course), course, strict=False)
    )
    head = _row("th", (words.label(name) for name in ("detected_at", "utc", "state", "changed")))
    return (
        f"{_heading(words, 'timeline')}"
        f'<table class="course"><thead>{head}</thead><tbody>{rows}</tbody></table>'
    )


def _news(before: dict[str, Any] | None, one: dict[str, Any], words: Wording) -> str:
    """What a revision says that the one before it did not, a line each."""
    said = one["changed"]
    if before is None:
        said = {name: one[name] for name in _TIMES if one[name]}
    elif not said:
        return escape(words.label("again")) if one["state"] == before["state"] else _NONE
    lines = [
        f'<span class="quiet">{escape(words.label(_LABELS.get(name, name)))}</span> '
        f"{_said(name, value, words)}"
        for name, value in said.items()
    ]
    return "<br>".join(lines)


def _said(name: str, value: Any, words: Wording) -> str:
    """One value of a revision; times are Beijing's."""
    if name in _TIMES or name == "started_at":
        return _when(value)
    if name == "exposure":
        return escape(_cost(value or {}, words))
    if name == "records":
        return ", ".join(
            f"{escape(words.word('statuses', record['status']))} {_when(record['occurred_at'])}"
            for record in value
        )
    if value in (None, []):
        return escape(words.label("none"))
    if name == "advice":
        return "<br>".join(escape(text) for each in value for text in words.advice(each))
    if name == "limit_hours":
        return escape(words.label("hours", hours=value))
    if name == "severity":
        return escape(words.word("severities", value))
    if name in ("lane", "detail"):
        return escape(words.seen(name, value))
    return escape(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _hand_over(evidence: dict[str, Any], words: Wording) -> str:
    """When the seller gave the parcel to the carrier, by his own word; empty where he said none."""
    said = evidence["handed_over"]
    if not said:
        return ""
    rows = [
        (words.label("manifest_id"), _text(said["manifest_id"])),
        (words.label("handed_over_at"), _both_times(said["at"])),
        (words.label("handed_over_place"), _text(said["place"])),
    ]
    note = f'<p class="quiet">{escape(words.label("handed_over_note"))}</p>'
    return _heading(words, "handed_over") + _pairs(rows) + note


def _rules(evidence: dict[str, Any], words: Wording) -> str:
    profile = evidence["profile"]
    rows = [(words.label("profile"), _text(profile["id"]))]
    if profile["known"]:
        since, ends = _both_times(profile["effective_from"]), profile["effective_to"]
        if ends:
            rows.append((words.label("effective"), f"{since} {_NONE} {_both_times(ends)}"))
        else:
            rows.append((words.label("effective_since"), since))
        rows += [
            (words.label("source_url"), f'<span class="id">{_text(profile["source_url"])}</span>'),
            (words.label("read_on"), _text(profile["read_on"])),
            (words.label("verified"), _text(profile["verified"])),
            (words.label("zone"), _text(profile["zone"])),
            (words.label("appeal_days"), _appeal(profile["appeal_days"], words)),
        ]
    exempt = ", ".join(map(str, evidence["exemptions"])) or words.label("none")
    rows.append((words.label("exemptions"), escape(exempt)))
    note = "" if profile["known"] else f"<p>{escape(words.label('unknown_profile'))}</p>"
    return _heading(words, "rules") + _pairs(rows) + note


def _appeal(days: int | None, words: Wording) -> str:
    return escape(words.label("not_known" if days is None else "within_days", days=days))


def _exposure(evidence: dict[str, Any], words: Wording) -> str:
    text = _cost(evidence["exposure"] or {}, words)
    if evidence["state"] == "withdrawn":
        text = words.label("no_cost")
    return _heading(words, "exposure") + f"<p>{escape(text)}</p>"


def _cost(exposure: dict[str, Any], words: Wording) -> str:
    kind = exposure.get("kind")
    least, most = exposure.get("least"), exposure.get("most")
    if kind == "compensation" and isinstance(least, int) and isinstance(most, int):
        sum_ = spelled(str(exposure.get("currency") or ""), least, most)
        return words.label("compensation", sum=sum_)
    if kind == "compensation":
        return words.label("compensation_unknown")
    return words.label("strike") if kind == "strike" else str(kind or _NONE)


def _integrity(evidence: dict[str, Any], words: Wording, with_records: bool) -> str:
    personal = "with_originals" if with_records else "without_originals"
    return (
        f"{_heading(words, 'integrity')}<p>{escape(words.label('integrity_text'))}</p>"
        f'<p class="{"note" if with_records else ""}">{escape(words.label(personal))}</p>'
        f'<p class="quiet">{escape(words.label("risk"))}</p>'
    )


def _heading(words: Wording, name: str) -> str:
    return f"<h2>{escape(words.label(name))}</h2>\n"


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    """A table of label and value; values are HTML already."""
    lines = "".join(f"<tr><th>{escape(label)}</th><td>{value}</td></tr>" for label, value in rows)
    return f'<table class="pairs"><tbody>{lines}</tbody></table>'


def _row(cell: str, texts: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(text)}</{cell}>" for text in texts) + "</tr>"


def _text(value: object) -> str:
    return escape(_NONE if value is None else str(value))


def _time_or(moment: str | None, state: str, words: Wording) -> str:
    """A time that may come; not any more once the warning has ended."""
    if moment is not None:
        return _both_times(moment)
    return escape(words.label("never" if state in ("resolved", "withdrawn") else "not_yet"))


def _cell(moment: str | None, zone: timezone) -> str:
    """A cell with a time: the day, and below it the time of day."""
    return f'<td class="when">{_time(moment, zone).replace(" ", "<br>", 1)}</td>'


def _published(moment: str | None, zone: timezone) -> str:
    """A cell with the second of a revision: the clock runs on, finer parts say nothing."""
    return re.sub(r"[.][0-9]+(?=</td>)", "", _cell(moment, zone))


def _when(moment: str | None) -> str:
    """A time in Beijing, on one line."""
    return f'<span class="when">{_time(moment, BEIJING)}</span>'


def _both_times(moment: str | None) -> str:
    """A time in Beijing and in UTC."""
    if moment is None:
        return _NONE
    utc = f'<span class="quiet">({_time(moment, UTC)} UTC)</span>'
    return f'<span class="when">{_time(moment, BEIJING)} UTC+8 {utc}</span>'


def _time(moment: str | None, zone: timezone) -> str:
    """A time in a zone, to the second, or finer where it is; what is none stays as it is."""
    if moment is None:
        return _NONE
    try:
        found = datetime.fromisoformat(moment).astimezone(zone)
    except ValueError:
        return escape(moment)
    return found.strftime("%Y-%m-%d %H:%M:%S") + (
        f".{found.microsecond:06}" if found.microsecond else ""
    )

"""docs/platforms.md: what each marketplace judges by, made from the built-in profiles."""

from __future__ import annotations

import textwrap

from streams.cli.docs_tables import table
from streams.cli.figures import figures
from streams.facts.times import to_datetime
from streams.profiles.document import read_document
from streams.profiles.exemptions import zone_of
from streams.profiles.loader import load_all, template_files
from streams.profiles.model import Profile
from streams.telemetry.counted import counted

_HEAD = """\
# Platforms

Written by `shipsentry docs docs` from the built-in profiles; a test compares it with them. What the
rules mean is in [rules.md](rules.md); `shipsentry rules sources` prints the same of your machine's
profiles, with the days since each figure was read.

How sure a figure is:

- `rule_text`: read in the platform's own rule text, or a crawl of it;
- `document`: read in an official page for sellers, or said by the platform's staff;
- `second_hand`: read in other people's words;
- `own_choice`: no platform's figure: this product's.

A figure that was read at second hand is a comment in a [template](#templates), unless a row below
says otherwise. All figures are in the words of this project.
"""

_TEMPLATES_HEAD = """\
## Templates

No rule text of these was read. A template has `TODO` for each figure and refuses to load until all
are filled in; what others say of them stands in its comments. `shipsentry rules template NAME`
prints one.
"""


def platforms_page() -> str:
    """The page, as Markdown: a section for each profile, then the templates."""
    everything = load_all()
    parts = [_HEAD]
    for profile in sorted(everything.profiles.all, key=lambda each: each.id):
        data = everything.documents[profile.id].merged()
        rows: list[list[str]] = []
        sources: dict[tuple[str, str], int] = {}
        for field, says, source in figures(profile, everything.specs, data):
            where = "–"
            if source.url or source.note:
                number = sources.setdefault((source.url, source.note), len(sources) + 1)
                where = str(number)
            sure = source.confidence or "not said"
            rows.append([f"`{field}`", says, f"`{sure}`", str(source.read_on), where])
        parts.append(f"## {profile.id}\n")
        parts.append(_about(profile))
        parts.append(table(("field", "says", "confidence", "read on", "source"), rows) + "\n")
        for (url, note), number in sources.items():
            parts.append(f"{number}. {' – '.join(filter(None, (url and f'<{url}>', note)))}")
        if sources:
            parts.append("")
    names = [(path.stem, str(read_document(path).data["verified"])) for path in template_files()]
    parts.append(_TEMPLATES_HEAD)
    parts.append(table(("template", "what was read"), [(f"`{n}`", says) for n, says in names]))
    return "\n".join(parts) + "\n"


def _about(profile: Profile) -> str:
    """When and where it is in force, how it was read, and how long an appeal may be made."""
    appeal = "not known"
    if profile.appeal_days is not None:
        appeal = f"within {counted(profile.appeal_days, 'day')} of the judgement"
    since = to_datetime(profile.effective_from).astimezone(zone_of(profile.zone))
    text = (
        f"Platform `{profile.platform}`, in force from {since.isoformat(timespec='seconds')}. "
        f"Deadlines are said in {profile.zone}; appeals: {appeal}. {profile.verified[0].upper()}"
        f"{profile.verified[1:]}."
    )
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n"

"""Workbooks in the form of .xlsx, as small as a spreadsheet would still open."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

_NS = "http://schemas.openxmlformats.org"
_SHEET_NS = f"{_NS}/spreadsheetml/2006/main"
_DOC_NS = f"{_NS}/officeDocument/2006/relationships"
_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_SHEET_NS}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="14"/></cellXfs>'
    "</styleSheet>"
)

Rows = Iterable[Sequence[Any]]


class Raw(str):
    """A cell as XML without its reference: `t="e"><v>#N/A</v>`."""


def letters(column: int) -> str:
    """The name of a column, counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def write(
    target: Path | IO[bytes],
    sheets: dict[str, Rows],
    hidden: Sequence[str] = (),
    first: int = 1,
    merged: Sequence[str] = (),
) -> None:
    """Write sheets: names and their rows, of text, numbers, dates, None; from row `first` on."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", _types(len(sheets)))
        archive.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        names = "".join(
            f"<sheet name={quoteattr(name)} sheetId={quoteattr(str(number))} "
            f'r:id="rId{number}"{" state=" + quoteattr("hidden") if name in hidden else ""}/>'
            for number, name in enumerate(sheets, 1)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'{_XML}<workbook xmlns="{_SHEET_NS}" xmlns:r="{_DOC_NS}"><sheets>{names}</sheets>'
            "</workbook>",
        )
        parts = [
            ("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)
        ]
        archive.writestr(
            "xl/_rels/workbook.xml.rels", _relations([*parts, ("styles", "styles.xml")])
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for number, rows in enumerate(sheets.values(), 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                part.write(f'{_XML}<worksheet xmlns="{_SHEET_NS}"><sheetData>'.encode())
                for line, row in enumerate(rows, first):
                    part.write(_row(line, row).encode())
                ranges = "".join(f'<mergeCell ref="{each}"/>' for each in merged)
                end = f"<mergeCells>{ranges}</mergeCells>" if merged else ""
                part.write(f"</sheetData>{end}</worksheet>".encode())


def workbook(*rows: Sequence[Any], first: int = 1, merged: Sequence[str] = ()) -> bytes:
    """The bytes of a workbook with one sheet, in which ranges such as A2:A3 are merged."""
    target = io.BytesIO()
    write(target, {"Sheet1": rows}, first=first, merged=merged)
    return target.getvalue()


def _row(line: int, row: Sequence[Any]) -> str:
    cells = "".join(
        f'<c r="{letters(column)}{line}" {_cell(cell)}</c>'
        for column, cell in enumerate(row)
        if cell is not None and cell != ""
    )
    return f'<row r="{line}">{cells}</row>'


def _cell(cell: Any) -> str:
    if isinstance(cell, Raw):
        return cell
    if isinstance(cell, str):
        return f't="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is>'
    if isinstance(cell, bool):
        return f't="b"><v>{int(cell)}</v>'
    if isinstance(cell, datetime):
        since = cell - datetime(1899, 12, 30)  # noqa: DTZ001 - Excel knows no zone
        return f's="1"><v>{since.days + (since.seconds + since.microseconds / 1e6) / 86_400!r}</v>'
    if isinstance(cell, date):
        return f's="2"><v>{(cell - date(1899, 12, 30)).days}</v>'
    return f"><v>{cell!r}</v>"


def _types(count: int) -> str:
    kinds = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    kinds |= {f"/xl/worksheets/sheet{number}.xml": "worksheet" for number in range(1, count + 1)}
    start = "application/vnd.openxmlformats-"
    sheets = f"{start}officedocument.spreadsheetml."
    overrides = "".join(
        f'<Override PartName="{part}" ContentType="{sheets}{kind}+xml"/>'
        for part, kind in kinds.items()
    )
    return (
        f'{_XML}<Types xmlns="{_NS}/package/2006/content-types"><Default Extension="rels" '
        f'ContentType="{start}package.relationships+xml"/>{overrides}</Types>'
    )


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="rId{number}" Type="{_DOC_NS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_NS}/package/2006/relationships">{found}</Relationships>'

"""Writes a bundle: evidence.json, evidence.html, SHA256SUMS, and the originals where asked for."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from streams.evidence.page import page
from streams.evidence.shown import Original

PERSONAL = (
    "The files in records/ are the original messages, byte for byte. They may contain personal "
    "data (free text, hashes of recipients): give this bundle only to those who may see them.\n"
    "records/ 中为原始消息，未作任何改动，其中可能有个人信息，请只交给有权查看的人。\n"
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write(
    directory: Path,
    evidence: dict[str, Any],
    originals: Sequence[Original],
    languages: Sequence[str],
    *,
    with_records: bool,
) -> list[Path]:
    """Write the bundle into `directory`, made if need be; the files written. Raises OSError.

    Each file appears in one step. `evidence.json` names every other part with its digest.
    """
    parts: dict[str, bytes] = {}
    if with_records:
        for original in originals:
            if original.raw is not None:
                parts[f"records/{_name(original)}"] = original.raw
        parts["records/README.txt"] = PERSONAL.encode()
    text = page(evidence, languages, with_records=with_records)
    parts["evidence.html"] = text.encode("utf-8", "surrogatepass")
    parts["evidence.json"] = _document(evidence, parts, with_records=with_records)
    sums = [f"{sha256(part).hexdigest()}  {name}\n" for name, part in sorted(parts.items())]
    parts["SHA256SUMS"] = "".join(sums).encode()
    written = []
    for name, part in parts.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(path.name + ".part")
        half.write_bytes(part)
        os.replace(half, path)
        written.append(path)
    return written


def alone(evidence: dict[str, Any]) -> bytes:
    """`evidence.json` of a bundle that has no other part."""
    return _document(evidence, {}, with_records=False)


def _document(evidence: dict[str, Any], parts: Mapping[str, bytes], *, with_records: bool) -> bytes:
    """`evidence.json`, which names the other parts."""
    whole = {
        **evidence,
        "originals_included": with_records,
        "parts": [
            {"name": name, "sha256": sha256(part).hexdigest(), "bytes": len(part)}
            for name, part in sorted(parts.items())
        ],
    }
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()


def _name(original: Original) -> str:
    """`tracking-update-0-41.json`; nothing in a topic's or a file's name leaves the folder."""
    topic = _UNSAFE.sub("-", original.topic).strip(".-") or "topic"
    return f"{topic}-{original.partition}-{original.offset}.json"

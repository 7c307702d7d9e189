"""Writes the contract as JSON Schema: `python -m schemas.export schemas/json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from schemas import MODELS


def documents() -> dict[str, str]:
    """Return the JSON Schema of each topic's message, by file name."""
    return {
        f"{topic}.schema.json": json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **model.model_json_schema(),
            },
            ensure_ascii=False,
            indent=2,
            sort_keys=True,
        )
        + "\n"
        for topic, model in MODELS.items()
    }


def write(directory: Path) -> list[Path]:
    """Write the JSON Schemas into `directory`, made if need be, and return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in documents().items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in write(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas/json")):
        print(written)

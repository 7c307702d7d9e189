"""The benchmark of lines over days tells the same days on both sides, windows on one of them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.windows import LINES, Scene


def test_both_sides_count_the_same_orders(tmp_path: Path) -> None:
    """Two days change with each chunk; the windows make the records longer, and nothing else."""
    scenes = [
        Scene(tmp_path / name, lines, orders=100, products=3, seed=1)
        for name, lines in (("without", ""), ("with", LINES))
    ]
    (_, few, short, _), (_, many, long, _) = (scene.told(5) for scene in scenes)
    assert few == many == 2
    assert long > 2 * short

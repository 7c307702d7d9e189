"""The soak: what it calls flat, and how it reads what it looks at."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import soak


def samples(memory: list[float]) -> list[soak.Sample]:
    """One sample a minute, with so much memory; all else grows with the records."""
    return [
        soak.Sample(60.0 * n, 1_000 * n, 300 * n, rss, 40, 12, 0.5 * n, 2.0 * n)
        for n, rss in enumerate(memory, 1)
    ]


def test_what_stays_is_flat() -> None:
    """Noise around a level, and what grows only with the parcels."""
    found = samples([200.0, 240.0, 251.0, 249.0, 250.5, 250.0, 249.5, 250.0, 251.0, 249.0])
    fits = {name: soak.fitted(found, value) for name, value in soak.FLAT.items()}
    assert all(fit.is_flat for fit in fits.values())
    assert fits["states per 1,000 records"].median == 300


def test_a_leak_is_not() -> None:
    """One MiB a minute on a hundred: 6 % over the judged six minutes."""
    fit = soak.fitted(samples([100.0 + n for n in range(10)]), soak.FLAT["memory, MiB"])
    assert fit.growth == pytest.approx(6 / 106)
    assert not fit.is_flat


def test_the_warm_up_is_not_judged() -> None:
    """However much it grows there."""
    found = samples([10.0, 80.0, 160.0, *[200.0] * 7])
    assert soak.fitted(found, soak.FLAT["memory, MiB"]).growth == pytest.approx(0)


def test_too_few_samples_are_refused() -> None:
    """A line through two points says nothing."""
    with pytest.raises(ValueError, match="2 samples after the warm-up"):
        soak.fitted(samples([1.0, 1.0]), soak.FLAT["threads"])


def test_a_metric_is_summed_over_its_labels() -> None:
    """And one whose name begins the same is another."""
    text = '# HELP a x\na{t="b"} 2\na{t="c"} 3e1\na_total 7\nab{t="b"} 1\n'
    assert soak.metric(text, "a") == 32


def test_sizes_are_of_blocks_on_disk(tmp_path: Path) -> None:
    """A file with a hole takes what is written of it."""
    (tmp_path / "sub").mkdir()
    with (tmp_path / "sub" / "sparse").open("wb") as file:
        file.truncate(10_000_000)
    assert soak.size(tmp_path) < 1_000_000

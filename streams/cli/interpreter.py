"""Whether this Python was built for speed."""

from __future__ import annotations

import sys
import sysconfig


def is_optimised() -> bool:
    """Whether the interpreter was built with profile-guided optimisation, as far as it says so.

    Distributions build theirs so, but Debian's own configuration does not say it; scripts/setup
    asks the same.
    """
    said = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return "--enable-optimizations" in said or sys.base_prefix == "/usr"

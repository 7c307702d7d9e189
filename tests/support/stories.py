"""The smallest history that each rule warns of: `story` of its test file, collected.

`story(platform, **fields)` takes the platform and fields for its orders; order "1" is the one that
is warned of. Where a rule compares addresses, ANNA's order is in Shenzhen, BORIS's in Hangzhou,
parcels leave Guangzhou. Where no built-in profile has the rule, the file says `ON`, the lines of
its table.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from support.builders import Message
from support.replaying import profiles

from streams.profiles.model import Profile
from streams.rules.registry import RULES, SPECS

Story = Callable[..., list[Message]]

_MODULES = {rule: import_module(f"rules.test_{rule}") for rule in RULES}

STORIES: dict[str, Story] = {rule: module.story for rule, module in _MODULES.items()}
"""Rule → its history."""

ON: dict[str, str] = {rule: module.ON for rule, module in _MODULES.items() if hasattr(module, "ON")}
"""Rule → its table, where no built-in profile has it."""


def on(profile: Profile) -> dict[str, object]:
    """The rules that a profile has by its own choice, by name."""
    rules = (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
    always = {spec.name: spec.rule() for spec in SPECS.values() if spec.always and spec.rule}
    return {rule.name: rule for rule in rules if rule != always.get(rule.name)}


PLATFORM = "douyin"
"""The platform whose profile has every rule that any has."""


TROUBLES: dict[str, Story] = {
    rule: STORIES[rule]
    for profile in profiles().all
    if profile.platform == PLATFORM
    for rule in RULES
    if rule in on(profile)
}
"""The histories of the rules that Douyin has."""

"""What a desk tells people, as its settings say it."""

from __future__ import annotations

from functools import partial

from streams.decode.names import Names
from streams.desk.database.database import Database
from streams.desk.notify.link_key import link_key
from streams.desk.notify.telling import Telling
from streams.notify.routes import WrongRoutes, read_routes
from streams.profiles.model import Profiles
from streams.settings import Settings, SettingsError


def notifying(
    settings: Settings, profiles: Profiles, names: Names, database: Database
) -> Telling | None:
    """What the settings ask for; None: nobody is told. Raises SettingsError."""
    if settings.desk_notify_file is None:
        return None
    try:
        from streams.notify.open_channels import open_channels
        from streams.notify.texts.links import Links
    except ModuleNotFoundError as error:
        raise SettingsError(
            [
                f"{settings.named('desk_notify_file')} needs {error.name}: "
                "pip install 'shipsentry[desk,notify]'"
            ]
        ) from error
    links = None
    if settings.desk_url is not None:
        links = Links(settings.desk_url, link_key(database))
    try:
        plan = read_routes(settings.desk_notify_file)
        rules = {
            rule.name
            for profile in profiles.all
            for rule in (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
        }
        plan.check_names(rules, names.platform_of)
        open_channels(plan, links)  # what is wrong with them is said now
    except WrongRoutes as error:
        raise SettingsError(error.problems) from error
    return Telling(plan, partial(open_channels, plan, links), links)

"""Tables of channels that cannot be used: each says the field and why, and shows no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.notify.channels.make import TYPES, make_channel
from streams.notify.channels.table import WrongChannel
from streams.notify.message import Limits
from streams.notify.texts.texts import Texts

TEXTS = Texts()
SECRET = "https://oapi.dingtalk.com/robot/send?access_token=a-very-secret-token"  # noqa: S105
ENVIRONMENT = {
    "URL": SECRET,
    "HTTP": "http://robots.example.com/hook/a-very-secret-token",
    "USER": "https://user:a-very-secret-token@robots.example.com/",
    "PORT": "https://robots.example.com:port/a-very-secret-token",
    "WORD": "a-very-secret-token",
    "DING": "dingtalk://a-very-secret-token",
    "NONE": "nothing://a-very-secret-token",
}
MAIL = {
    "type": "email",
    "host": "mail.example.com",
    "from": "desk@example.com",
    "to": ["li@example.com"],
}


def wrong(table: dict[str, Any]) -> tuple[str, str]:
    """The field of a table that cannot be used, and why."""
    with pytest.raises(WrongChannel) as caught:
        make_channel("ops", table, None, TEXTS, environment=ENVIRONMENT)
    return caught.value.field, str(caught.value)


@pytest.mark.parametrize(
    ("table", "field", "why"),
    [
        ({}, "type", "it is needed: allowed are dingtalk"),
        ({"type": "dingtlak"}, "type", "did you mean 'dingtalk'?"),
        ({"type": 3}, "type", "3: allowed are"),
        ({"type": "slack"}, "", "either url_file or url_env is needed"),
        ({"type": "slack", "url_env": "GONE"}, "url_env", "it is to hold the channel's url"),
        ({"type": "slack", "url_file": "/nowhere/url"}, "url_file", "cannot be read"),
        ({"type": "slack", "url": SECRET}, "url", "secrets do not stand here"),
        ({"type": "slack", "url_env": "URL", "secret_env": "URL"}, "secret_env", "no such field"),
        ({"type": "slack", "url_env": "URL", "chanel": "x"}, "chanel", "there is no such field"),
        ({"type": "slack", "url_env": "HTTP"}, "url_env", "no https URL"),
        ({"type": "slack", "url_env": "WORD"}, "url_env", "no https URL"),
        ({"type": "slack", "url_env": "USER"}, "url_env", "has a user"),
        ({"type": "slack", "url_env": "PORT"}, "url_env", "Port could not be cast"),
        ({"type": "dingtalk", "url_env": "URL", "per_minute": 21}, "per_minute", "at most 20"),
        ({"type": "dingtalk", "url_env": "URL", "timeout_s": 16.0}, "timeout_s", "16.0"),
        ({"type": "telegram", "token_env": "WORD"}, "chat_id", "it is needed"),
        (
            {
                "type": "telegram",
                "token_env": "WORD",
                "chat_id": "1",
                "address": "http://a.example",
            },
            "address",
            "no https URL",
        ),
        ({"type": "webhook", "url_env": "URL", "secret_env": "URL"}, "secret_env", "is no secret"),
        ({**MAIL, "to": []}, "to", "[]"),
        ({**MAIL, "to": ["li"]}, "to.0", "'li' is no address"),
        ({**MAIL, "from": "a@b\r\nBcc: c@d"}, "from", "is no address"),
        ({**MAIL, "tls": "none"}, "tls", "only a server on this machine is allowed"),
        ({**MAIL, "password_env": "WORD"}, "user", "it is needed beside a password"),
        ({**MAIL, "user": "li"}, "", "either password_file or password_env is needed"),
        ({**MAIL, "cafile": "/nowhere.pem"}, "cafile", "no file of certificates"),
        ({"type": "apprise", "url_env": "DING"}, "url_env", "type = 'dingtalk'"),
        ({"type": "apprise", "url_env": "NONE"}, "url_env", "no URL that Apprise knows"),
    ],
)
def test_what_is_wrong_is_said(table: dict[str, Any], field: str, why: str) -> None:
    """The field as the file has it, and a sentence without what stands in a secret."""
    found = wrong(table)
    assert found[0] == field
    assert why in found[1]
    assert "a-very-secret-token" not in found[1]


def test_a_table_may_ask_for_fewer_a_minute(tmp_path: Path) -> None:
    """As others may write there too."""
    file = tmp_path / "url"
    file.write_text(SECRET + "\n")
    table = {"type": "dingtalk", "url_file": str(file), "per_minute": 5}
    assert make_channel("ops", table, None, TEXTS).limits == Limits(5, 20_000)


def test_every_type_is_made_from_a_module_of_its_own() -> None:
    """So that a channel is one file."""
    modules = [table.__module__ for table in TYPES.values()]
    assert len(set(modules)) == len(modules)

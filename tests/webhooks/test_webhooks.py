"""Webhooks are believed by the Standard Webhooks library of another language."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from support.notices import HOSTILE, item, message

from streams.notify.channels.make import make_channel
from streams.notify.channels.webhook import Webhook
from streams.notify.texts.texts import Texts

HERE = Path(__file__).parent
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef" * 2).decode()
OLDER = "whsec_" + base64.b64encode(b"fedcba9876543210" * 2).decode()


def signed(at: float, secrets: str = SECRET) -> dict[str, Any]:
    """A webhook as it is sent at a time, for whoever has the secret."""
    table = {"type": "webhook", "url_env": "URL", "secret_env": "SECRET"}
    environment = {"URL": "https://shop.example.com/hook", "SECRET": secrets}
    channel = make_channel("erp", table, None, Texts(), environment=environment)
    assert isinstance(channel, Webhook)
    told = message(item(1, message={"zh": HOSTILE, "en": "😀"}))
    request = channel.request(told, at)
    return {"secret": SECRET, "headers": dict(request.headers), "body": request.body.decode()}


def test_the_library_of_another_language_believes_it() -> None:
    """And would not, were a byte, the time, the id or the secret another."""
    node = shutil.which("node")
    assert node is not None, "Node.js is not installed; scripts/test installs it"
    assert (HERE / "node_modules").is_dir(), "run scripts/setup --operators"
    now = time.time()
    good = signed(now)
    forged = {**good["headers"], "webhook-id": "f" * 32}
    asked = [
        good,
        signed(now, f"{OLDER}\n{SECRET}"),
        {**good, "body": good["body"].replace("s-1", "s-2")},
        {**good, "headers": forged},
        {**good, "secret": OLDER},
        signed(now - 600),
        signed(now + 600),
    ]
    command = [node, str(HERE / "check.mjs")]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [
        "shipment_warnings.standing",
        "shipment_warnings.standing",
        *["No matching signature found"] * 3,
        "Message timestamp too old",
        "Message timestamp too new",
    ]

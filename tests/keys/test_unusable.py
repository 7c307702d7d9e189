"""What platforms put in place of a recipient is known for what it is; plain values pass."""

from __future__ import annotations

import pytest

from streams.keys.unusable import CIPHERTEXT, LENT, MASKED, unusable


@pytest.mark.parametrize(
    "text",
    [
        "##Qm9vPfKQ7WbYKOTVtch6HxHd*CgYIASAHKAESPgo8A0knInJ6X2=#1##",
        "$$V/ybYiUFjC/1SRShyJN85x*CgYIASAHKAESPgo8K=$1$$",
        "#enc1#",
        "##密文##",
        "$$密文",
        "$138$Nx5ab/+$1$",
        "~AgAAAAMPtIYF~1~",
        "~Zm9v~",
        "广东省深圳市南山区##Zm9vYmFy##",
        "aGVsbG8gd29ybGQgMTIzNA==",
        "uR9kQ2mXv8Lp3Zt7Yb1cA4",
        "收件人uR9kQ2mXv8Lp3Zt7Yb1cA4",
        "d41d8cd98f00b204e9800998ecf8427e",
        "D41D8CD98F00B204E9800998ECF8427E",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    ],
)
def test_ciphertext(text: str) -> None:
    """Signs around, signs doubled, base64, hexadecimal; alone or behind plain text."""
    assert unusable(text) == CIPHERTEXT


@pytest.mark.parametrize(
    "text",
    [
        *(
            "王**",
            "王*",
            "138****8000",
            "138●●●●8000",
            "科技园***",
            "王XX",
            "138xxxx8000",
            "科技路××号",
        ),
        *("王某", "王某某", "138...8000", "138----8000", "王__", "王??"),
    ],
)
def test_masked(text: str) -> None:
    """Equal for many."""
    assert unusable(text) == MASKED


@pytest.mark.parametrize("text", ["王小明[1234]", "科技路1号[1234-5678]", "科技路1号 [123456] "])
def test_privacy_extension(text: str) -> None:
    """The extension that platforms write behind a name or an address."""
    assert unusable(text) == LENT


@pytest.mark.parametrize(
    "text",
    [
        "王小明",
        "阿卜杜拉·艾合买提",
        "Christopher Featherstonehaugh",
        "13800138000",
        "+86 138-0013-8000",
        "科技路1#楼3#502",
        "#12栋3#",
        "12 Main Street, Apt #5",
        "12BakerStreetLondonNW16XE",
        "McDonaldsRestaurant12Main",
        "8-2-2101",
        "A座[东门]",
        "A&B大厦",
        "^_^小明^_^",
        "小明~~",
        "某某园小区1号",
        "XX大厦",
        "St. John's",
    ],
)
def test_plain_values_pass(text: str) -> None:
    """Names, numbers and addresses as people write them."""
    assert unusable(text) is None

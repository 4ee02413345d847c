"""docs/sources.md says what there is."""

import re
import tomllib
from pathlib import Path

import pytest

from presets.load import merge_presets, preset_names
from schemas.filters import AMOUNTS, MOMENTS, filters_of
from schemas.macros import ANY_PARAM, POSTBACK_MACROS
from schemas.settings.conversion_apis import ConversionApi
from schemas.settings.postbacks import SourcePostback, Success
from schemas.settings.sending import Sending
from schemas.settings.validation import validate

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "sources.md").read_text(encoding="utf-8")
APIS = (DOCS / "conversion-apis.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE + APIS, re.DOTALL)
REST = """
[events.install]
step = 1
[events.subscribe]
step = 2
[networks.acme]
open = true
[offers.game]
network = "acme"
url = "https://offer.example/?s={click_id}"
"""


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_loads(block: str) -> None:
    tree = tomllib.loads(REST + block)
    tree.setdefault("sources", {"pops": {}})
    tree.setdefault("campaigns", {"spring": {"source": next(iter(tree["sources"])), "offers": ["game"]}})
    for name, source in tree["sources"].items():
        source.setdefault("account", {"token": "t"})
        source.setdefault("goals", {"*": "1"})
        assert name
    merged, unknown = merge_presets(tree)
    _, problems = validate(merged, {"POPADS_AID": "9", "META_TOKEN": "t", "CRM_WEBHOOK_SECRET": "whsec_" + "A" * 32})
    assert [*unknown, *problems] == []


def test_every_macro_and_filter_is_named() -> None:
    named = set(re.findall(r"`([a-z0-9_]+)`", PAGE))
    assert {name for name in POSTBACK_MACROS - {ANY_PARAM} if not name.startswith("sub")} - named == set()
    of_moments = set(filters_of(next(iter(MOMENTS))))
    assert (of_moments | set(filters_of("event")) | {filters_of(next(iter(AMOUNTS)))[-1]}) - named == set()


def test_every_setting_of_a_postback_of_success_and_of_sending_is_shown() -> None:
    settings = {*SourcePostback.model_fields, *Success.model_fields, *Sending.model_fields} - {"method"}
    assert [name for name in settings if not re.search(rf"\b{name}\b", PAGE)] == []


def test_the_page_of_conversion_apis_names_every_kind_setting_and_required_account() -> None:
    for kind in preset_names("conversion_apis"):
        assert f"| `{kind}` |" in APIS
    assert [name for name in ConversionApi.model_fields if not re.search(rf"\b{name}\b", APIS)] == ["title"]

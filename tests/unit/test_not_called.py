"""What `clickjoin check` says of addresses that emit does not call."""

from typing import Any

import pytest

from clickjoin.panels.not_called import not_called
from schemas.settings.file import Settings

SECRET = "whsec_" + "A" * 40


def told(url: str, **emit: Any) -> list[str]:
    tree = {"webhooks": {"crm": {"url": url, "secret": "env:CRM"}}, "emit": emit}
    return [str(problem) for problem in not_called(Settings.model_validate(tree, context={"env": {"CRM": SECRET}}))]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "[::1]", "169.254.169.254"])
def test_an_address_that_is_not_called_is_pointed_out_with_what_opens_it(host: str) -> None:
    (said,) = told(f"http://{host}:9000/hook")
    assert said.startswith(f"webhooks.crm.url = {host.strip('[]')}: is not called: ")
    assert said.endswith("[emit] allow opens it")


def test_what_is_public_or_open_or_a_name_is_not_pointed_out() -> None:
    assert told("https://crm.example/hook") == []
    assert told("https://8.8.8.8/hook") == []
    assert told("http://10.1.2.3/hook", allow=["10.0.0.0/8"]) == []


def test_sources_and_conversion_apis_are_looked_at_too() -> None:
    tree = {
        "events": {"install": {"step": 1}},
        "sources": {"pops": {"postbacks": {"*": {"url": "http://10.0.0.1/?c={source_click_id}"}}}},
        "conversion_apis": {"own": {"kind": "own", "base_url": "http://10.0.0.2", "events": {"install": "Lead"}}},
    }
    found = not_called(Settings.model_validate(tree, context={"env": {}}))
    assert [problem.path for problem in found] == ['sources.pops.postbacks."*".url', "conversion_apis.own.base_url"]

"""`clickjoin deliveries test` of webhooks and conversion APIs, and `clickjoin check` of them."""

import json
from pathlib import Path

from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from clickjoin.cli.app import app
from tests.platforms import platform
from tests.stand_in import stand_in

SECRET = "whsec_" + "A" * 32
CONFIG = """
[emit]
allow = ["127.0.0.0/8"]
[events.install]
step = 1
[networks.acme]
open = true
[sources.fb]
click_id_param = "fbclid"
[webhooks.crm]
url = "BASE/hooks"
secret = "env:CRM"
[conversion_apis.meta]
kind = "meta"
base_url = "BASE/meta"
sources = ["fb"]
account = { pixel = "1234", token = "env:META_TOKEN", page = "https://shop.example/" }
events = { install = "Lead" }
[conversion_apis.ads]
kind = "google_ads"
base_url = "BASE/google_ads"
sources = ["fb"]
events = { install = "987" }
access_token = { url = "BASE/token" }
[conversion_apis.ads.account]
customer = "1"
client_id = "c"
client_secret = "env:S"
refresh_token = "env:S"
developer_token = "env:S"
"""


def run(folder: Path, *arguments: str, base: str = "https://platform.example") -> Result:
    file = folder / "clickjoin.toml"
    file.write_text(CONFIG.replace("BASE", base))
    env = {"CRM": SECRET, "META_TOKEN": "t0ken", "S": "s3cret-of-google"}
    return CliRunner().invoke(app, [*arguments, "--config", str(file)], env=env)


def test_the_request_to_a_conversion_api_is_printed_and_its_keys_can_be_hidden(tmp_path: Path) -> None:
    told = json.loads(run(tmp_path, "deliveries", "test", "conversion_api/meta", "install", "--json").stdout)
    assert told["url"] == "https://platform.example/meta/v25.0/1234/events?access_token=t0ken"
    assert json.loads(told["body"])["data"][0]["event_name"] == "Lead"
    hidden = run(tmp_path, "deliveries", "test", "conversion_api/meta", "install", "--hide-keys").stdout
    assert "t0ken" not in hidden
    assert "POST https://platform.example/meta/v25.0/1234/events?access_token=***" in hidden


def test_the_platform_takes_what_is_sent_to_try_it(tmp_path: Path) -> None:
    with platform() as server:
        for name in ("meta", "ads"):
            call = ("deliveries", "test", f"conversion_api/{name}", "install", "--send", "--source-click-id", "mine")
            sent = run(tmp_path, *call, base=server.url)
            assert sent.exit_code == 0, sent.output
            assert "answer: 200" in sent.stdout
        assert [kind for kind, _ in server.taken] == ["meta", "google_ads"]
        assert server.refused == []
        assert b"Authorization: Bearer of-the-hour-1\r\n" in server.heads[-1]


def test_a_webhook_is_printed_with_a_signature_that_holds_and_sent_without_a_click(tmp_path: Path) -> None:
    with stand_in() as server:
        sent = run(tmp_path, "deliveries", "test", "webhook/crm", "install", "--send", "--json", base=server.url)
        assert sent.exit_code == 0, sent.output
        told = json.loads(sent.stdout)
        assert Webhook(SECRET).verify(told["body"], told["headers"])
        assert server.bodies == [told["body"].encode()]


def test_an_unknown_destination_is_told_with_those_there_are(tmp_path: Path) -> None:
    done = run(tmp_path, "deliveries", "test", "conversion_api/mta", "install")
    assert done.exit_code == 2
    assert "there is no [conversion_apis.mta]: there are fb, conversion_api/ads, conversion_api/meta, webhook/crm" in (
        done.stderr
    )


def test_check_says_of_what_each_of_them_is_told(tmp_path: Path) -> None:
    told = run(tmp_path, "check").stdout.splitlines()
    assert (
        "conversion_api/meta, Meta's Conversions API, is told: install as Lead (approved, of clicks of fb), "
        "POST platform.example" in told
    )
    assert "webhook/crm, a webhook, is told: any event (pending or approved or rejected), POST platform.example" in told
    assert "t0ken" not in "".join(told)

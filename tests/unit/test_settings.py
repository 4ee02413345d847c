# ruff: noqa: E501 - one case, one line
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings.errors import Problem
from schemas.settings.file import Settings
from schemas.settings.masks import secret_values
from schemas.settings.validation import validate
from schemas.settings.values import Money, parse_duration, parse_money

ENV = {"ACME_KEY": "acme-key-0123456789", "CH_PASSWORD": "p@ss/word:1"}


def problems(tree: dict[str, Any], env: dict[str, str] = ENV) -> list[Problem]:
    return validate(tree, env)[1]


def settings(tree: dict[str, Any], env: dict[str, str] = ENV) -> Settings:
    found, wrong = validate(tree, env)
    assert wrong == []
    assert found is not None
    return found


def test_an_empty_file_is_a_whole_configuration() -> None:
    found = settings({})
    assert found.kafka.is_embedded
    assert found.clickhouse.dsn == "http://default@127.0.0.1:8123/clickjoin"


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("24h", 86_400_000), ("1.5s", 1500), ("500ms", 500), ("2m", 120_000), ("1w", 604_800_000)],
)
def test_durations_are_written_with_their_unit(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "24", "h", "-1s", "1 day", "1h30m", "١h", True, None, 1.5])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="24h"):
        parse_duration(text)


@given(st.decimals(0, 10**15, places=8), st.sampled_from(["USD", "EUR", "RUB"]))
def test_money_is_exact(amount: Decimal, currency: str) -> None:
    assert parse_money(f"{amount:f} {currency}") == Money(amount, currency)


@pytest.mark.parametrize(
    "text", ["1,20 USD", "1.20", "1.20 usd", "USD 1.20", "-1 USD", "1e3 USD", "NaN USD", "", 1.2, None]
)
def test_what_is_no_money_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"1\.20 USD"):
        parse_money(text)


def test_a_secret_comes_from_the_environment_and_is_not_shown() -> None:
    found = settings({"networks": {"acme": {"key": "env:ACME_KEY"}}})
    key = found.networks["acme"].key
    assert key is not None
    assert key.get_secret_value() == ENV["ACME_KEY"]
    assert ENV["ACME_KEY"] not in repr(found)
    assert secret_values(found) == {ENV["ACME_KEY"]}


def test_a_password_inside_the_url_of_clickhouse_is_encoded_there() -> None:
    found = settings({"clickhouse": {"url": "https://user:env:CH_PASSWORD@host:8443/clickjoin"}})
    assert found.clickhouse.dsn == "https://user:p%40ss%2Fword%3A1@host:8443/clickjoin"
    assert ENV["CH_PASSWORD"] in secret_values(found)


@pytest.mark.parametrize("env", [{}, {"ACME_KEY": ""}])
def test_a_variable_that_is_missing_or_empty_is_named_with_the_path(env: dict[str, str]) -> None:
    [problem] = problems({"networks": {"acme": {"key": "env:ACME_KEY"}}}, env)
    assert problem.path == "networks.acme.key"
    assert problem.value == '"env:ACME_KEY"'
    assert "the environment variable ACME_KEY is" in problem.message


@pytest.mark.parametrize("section", ["sources", "partners"])
@pytest.mark.parametrize("said", ["env:TOKEN", "t0ken\nX-Evil: 1"])
def test_a_value_of_an_account_is_one_line(section: str, said: str) -> None:
    told = problems({section: {"pops": {"account": {"token": said}}}}, {"TOKEN": "t0ken\n"})
    [problem] = [each for each in told if "account" in each.path]
    assert problem.path == f"{section}.pops.account.token"
    assert "line break" in problem.message
    assert "t0ken" not in str(problem)


def test_one_synonym_is_a_list_of_one() -> None:
    acme = {"open": True, "params": {"click_id": "ml_sub1", "txid": ["tid", "transaction_id"]}}
    found = settings({"networks": {"acme": acme}})
    assert found.networks["acme"].params == {"click_id": ("ml_sub1",), "txid": ("tid", "transaction_id")}


def test_the_secret_of_click_ids_is_required_with_a_broker_of_ones_own() -> None:
    [problem] = problems({"kafka": {"bootstrap": "broker1:9092,broker2:9092"}})
    assert problem.path == "ingest.secrets"
    assert 'secrets = ["env:CLICKJOIN_SECRET"]' in problem.message


SAMPLE = {
    "events": {"install": {"step": 1}},
    "networks": {"acme": {"open": True, "events": {"goal_1": "install"}}},
    "sources": {"pops": {"postbacks": {"*": {"url": "https://pops.example/?c={source_click_id}"}}}},
    "offers": {"game": {"network": "acme", "url": "https://o.example/?s={click_id}", "payouts": {"install": "1 USD"}}},
    "campaigns": {"spring": {"source": "pops", "offers": ["game"], "cost": "0.05 USD"}},
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The sample with one value replaced."""
    *parents, last = path.split("/")
    tree: dict[str, Any] = _copy(SAMPLE)
    node = tree
    for key in parents:
        node = node.setdefault(key, {})
    node[last] = value
    return tree


def _copy(node: Any) -> Any:
    return {key: _copy(value) for key, value in node.items()} if isinstance(node, dict) else node


def test_the_sample_is_right() -> None:
    assert problems(SAMPLE) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("campaigns/spring/source", "pop", 'campaigns.spring.source = "pop": there is no [sources.pop]: did you mean "pops"?'),
        ("campaigns/spring/offers", ["gam"], 'campaigns.spring.offers[0] = "gam": there is no [offers.gam]: did you mean'),
        ("campaigns/spring/offers", [], "campaigns.spring.offers = []: "),
        ("campaigns/spring/cpm", "1 USD", 'campaigns.spring.cpm = "1 USD": cost is given too'),
        ("campaigns/spring/name", "x", "campaigns.spring.name: unknown key: there are cost, cpa, cpm,"),
        ("campaigns/Spring Sale", {"source": "pops", "offers": ["game"]}, 'campaigns."Spring Sale" = {…}: a name is made of'),
        ("offers/game/network", "acm", 'offers.game.network = "acm": there is no [networks.acm]: did you mean "acme"?'),
        ("offers/game/url", "offer.example", "offers.game.url = \"offer.example\": the scheme '' cannot be called"),
        ("offers/game/payouts", {"sale": "1 USD"}, 'offers.game.payouts.sale = "sale": there is no [events.sale]'),
        ("offers/game/payouts", {"install": 1.2}, "offers.game.payouts.install = 1.2: 1.2 is no amount of money"),
        ("offers/game/payout", "fix", "offers.game.payout = \"fix\": write 'postback' or 'fixed'"),
        ("networks/acme/open", False, "networks.acme.key: anybody could send postbacks"),
        ("networks/acme/click_ids", "pop", 'networks.acme.click_ids = "pop": write "ours" or the name of a source'),
        ("networks/acme/events", {"g": "instal"}, 'networks.acme.events.g = "instal": there is no [events.instal]: did you'),
        ("networks/acme/event_default", "x", 'networks.acme.event_default = "x": there is no [events.x]: there are install'),
        ("networks/acme/statuses", {"1": "ok"}, "networks.acme.statuses.1 = \"ok\": write 'pending', 'approved' or 'rejected'"),
        ("networks/acme/params", {"clickid": "c"}, 'no "clickid": did you mean "click_id"?'),
        ("networks/acme/currency", "usd", 'networks.acme.currency = "usd": write the ISO 4217 code'),
        ("networks/acme/allow", ["10.0.0.0/99"], "networks.acme.allow[0] = \"10.0.0.0/99\": '10.0.0.0/99' is no address range"),
        ("networks/acme/kye", "hunter2", 'networks.acme.kye: unknown key: did you mean "key"?'),
        ("sources/pops/postbacks", {"sale": {"url": "https://p.example/"}}, "sources.pops.postbacks.sale = \"sale\": there is no [events.sale]"),
        ("sources/pops/postbacks/*/url", "https://p.example/{x}", 'sources.pops.postbacks."*".url = "https://p.example/…": unknown macro {x}'),
        ("sources/pops/postbacks/*/events", ["instal"], 'sources.pops.postbacks."*".events[0] = "instal": there is no [events.instal]: did you mean "install"?'),
        ("sources/pops/postbacks/*/campaigns", ["sprin"], 'did you mean "spring"?'),
        ("sources/pops/postbacks/*/networks", ["x"], 'sources.pops.postbacks."*".networks[0] = "x": there is no [networks.x]'),
        ("sources/pops/postbacks/*/headers", {"X-A": "a\nb"}, 'sources.pops.postbacks."*".headers.X-A = "***": a header holds printable ASCII only'),
        ("sources/pops/postbacks/*/payout", "half", 'sources.pops.postbacks."*".payout = "half": \'half\': write "all"'),
        ("sources/pops/postbacks", {"install": {"url": "https://p.example/", "events": ["install"]}}, "it is for install alone"),
        ("sources/pops/postbacks", {"install": {"url": "https://p.example/?g={goal}"}}, 'write install = "…" in its [goals]'),
        ("sources/pops/goals", {"instal": "1"}, 'sources.pops.goals.instal = "1": there is no [events.instal]'),
        ("sources/pops/account", {"token": "env:NOT_SET"}, 'sources.pops.account.token = "env:NOT_SET": the environment variable NOT_SET is not set'),
        ("sources/pops/postbacks/*/statuses", [], 'sources.pops.postbacks."*".statuses = []'),
        ("sources/pops/params", {"zone": "z"}, 'sources.pops.params.zone = "z": our word stands left'),
        ("events/click", {"step": 1}, "events.click: the click is the first step by itself"),
        ("events/install", {}, "events.install.step: is required"),
        ("events/install/step", 0, "events.install.step = 0: should be greater than or equal to 1"),
        ("events/install/window", "30 days", "events.install.window = \"30 days\": '30 days' is no duration"),
        ("ingest/default_network", "acm", 'ingest.default_network = "acm": there is no [networks.acm]: did you mean "acme"?'),
        ("ingest/listen", "8080", 'ingest.listen = "8080": write HOST:PORT'),
        ("ingest/listen", "127.0.0.1:99999", "write HOST:PORT"),
        ("ingest/listen", "127.0.0.1:8123", "clickhouse.port = 8123: ingest.listen has the same port"),
        ("ingest/public_url", "t.example.com", 'ingest.public_url = "t.example.com": write the scheme and the host'),
        ("ingest/secrets", "hunter2", 'ingest.secrets = "***": write an array here'),
        ("emit/schedule", [], "emit.schedule = []: "),
        ("emit/schedule", [0, 5], 'emit.schedule[1] = 5: 5 of what? Write a duration as "5s", "5m" or "5ms"'),
        ("emit/timeout", "0s", 'emit.timeout = "0s": should be greater than or equal to 1'),
        ("emit/connect_timeout", "0s", 'emit.connect_timeout = "0s": should be greater than or equal to 1'),
        ("kafka/bootstrap", "embeded", 'kafka.bootstrap = "embeded": write "embedded", or the addresses'),
        ("kafka/replication", 3, "kafka.replication = 3: the embedded Kafka is one node: write 1"),
        ("kafka/security", {"protocol": "SASL_SSL"}, "kafka.security.protocol = \"SASL_SSL\": needs mechanism"),
        ("kafka/prot", 1, 'kafka.prot: unknown key: did you mean "port"?'),
        ("clickhouse/url", "host:8123", 'clickhouse.url = "***": write "embedded", or a URL'),
        ("clickhouse/url", "https://u:hunter2@h/other", 'clickhouse.url = "https://h/…": the database is called clickjoin'),
        ("kafak", {}, 'kafak: unknown key: did you mean "kafka"?'),
        ("networks", ["acme"], "networks = [\"acme\"]: write a table here"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_path_its_value_and_what_would_be_right(path: str, value: object, told: str) -> None:
    found = [str(problem) for problem in problems(changed(path, value))]
    assert any(told in line for line in found), found
    assert not any("hunter2" in line for line in found)


def test_mistakes_of_every_kind_are_told_at_once() -> None:
    tree = changed("networks/acme/key", "env:NOT_SET")
    tree["networks"]["acme"]["open"] = False
    tree["campaigns"]["spring"] |= {"source": "nobody", "cost": "5 cents"}
    tree["sources"]["pops"]["postbacks"]["*"]["url"] = "https://pops.example/{nothing}"
    tree["ingest"] = {"listen": "everywhere"}
    assert {problem.path for problem in problems(tree)} == {
        "networks.acme.key",
        "campaigns.spring.source",
        "campaigns.spring.cost",
        'sources.pops.postbacks."*".url',
        "ingest.listen",
    }


def test_a_mistake_inside_a_section_does_not_make_those_who_name_it_wrong() -> None:
    tree = changed("networks/acme/currency", "dollars")
    del tree["sources"]["pops"]["postbacks"]["*"]["url"]
    assert [problem.path for problem in problems(tree)] == [
        "networks.acme.currency",
        'sources.pops.postbacks."*".url',
    ]


TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["acme", "key", "url", "*", "postbacks", "offers", "Ä b"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(Settings.model_fields)), TREES))
def test_any_tree_is_either_settings_or_told_to_be_wrong(tree: dict[str, Any]) -> None:
    found, wrong = validate(tree, {})
    assert found is not None or wrong

from decimal import Decimal

import pytest

from ingest.normalize_postback import normalize_postback
from ingest.plans import prepare
from ingest.refusal import Refusal
from schemas.records import Postback
from tests.ingest_samples import NOW_MS, OLD_SECRET, click_id, plans, settings

PLANS = plans()
OURS = click_id()


def of(network: str = "acme", /, **params: str) -> Postback:
    plan = PLANS.networks[network]
    return normalize_postback(plan, params, PLANS.secrets, postback_id="p", now_ms=NOW_MS)


def refused(network: str = "acme", /, **params: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        of(network, **params)
    return caught.value


def test_their_words_become_ours() -> None:
    found = of(
        ml_sub1=OURS, goal="goal_1", transaction_id="T1", payout="12,50", currency="usd", status="hold", x="y", key="k"
    )
    assert found == Postback(
        postback_id="p",
        click_id=OURS,
        event="install",
        network="acme",
        received_at=NOW_MS,
        txid="T1",
        status="pending",
        raw_status="hold",
        payout=Decimal("12.50"),
        currency="USD",
        wait_ms=3_600_000,
        params={"x": "y"},
    )


def test_what_applies_to_the_event_is_stamped_on_the_postback() -> None:
    found = of(ml_sub1=OURS, event="subscribe")
    assert (found.repeat, found.window_ms, found.wait_ms) == ("new", 365 * 86_400_000, 3_600_000)
    assert of("near", click_id=OURS).wait_ms == 86_400_000


def test_an_event_that_nobody_configured_is_kept_without_a_window() -> None:
    found = of(ml_sub1=OURS, event="Level_Up-5")
    assert (found.event, found.repeat, found.window_ms) == ("level_up-5", "ignore", None)


def test_words_are_matched_in_any_case() -> None:
    assert of(ml_sub1=OURS, event="FREE TRIAL").event == "trial"


def test_the_first_parameter_that_has_a_value_counts() -> None:
    found = of(ml_sub1=OURS, event=" ", goal="goal_1", tid="second", transaction_id="first")
    assert (found.event, found.txid) == ("install", "first")


def test_an_id_of_an_older_secret_is_ours_too() -> None:
    old = click_id(OLD_SECRET)
    assert of(ml_sub1=old, event="install").click_id == old


@pytest.mark.parametrize(
    "value",
    [
        OURS[:-1],
        OURS + "0",
        OURS.upper(),
        "0" * 32,
        "x",
        "1111111",
        click_id("another secret, nobody's"),
        OURS[::-1],
        "é" * 32,
    ],
)
def test_a_forged_or_mangled_click_id_is_refused_at_the_edge(value: str) -> None:
    refusal = refused(ml_sub1=value, event="install")
    assert (refusal.status, refusal.code) == (400, "invalid_click_id")
    assert refusal.detail.startswith("ml_sub1=")
    assert "{click_id}" in refusal.detail


@pytest.mark.parametrize(
    "value",
    [
        "{subacc4}",
        "{{x}}",
        "##CLICK_ID##",
        "[x]",
        "[[[x]]]",
        "#x#",
        "${SUBID}",
        "%x%",
        "<x>",
        "%7Bsubacc4%7D",
        "REPLACE",
        "%257Bclick_id%257D",
        "##CLICK_ID",
    ],
)
@pytest.mark.parametrize("network", ["acme", "popsnet"])
def test_a_macro_that_nobody_replaced_is_refused_d1(value: str, network: str) -> None:
    refusal = refused(network, **{"ml_sub1" if network == "acme" else "click_id": value, "event": "install"})
    assert (refusal.status, refusal.code) == (400, "unreplaced_macro")


def test_an_unreplaced_macro_elsewhere_counts_as_nothing_d1() -> None:
    found = of(
        ml_sub1=OURS, event="install", payout="[payout]", currency="{currency}", txid="{transaction_id}", time="{ts}"
    )
    assert (found.payout, found.currency, found.txid, found.occurred_at) == (None, "", "", None)


def test_an_unreplaced_status_is_never_taken_for_approved_d9() -> None:
    found = of(ml_sub1=OURS, event="install", status="[status]")
    assert (found.status, found.raw_status) == ("pending", "[status]")


def test_without_a_click_id_only_a_network_that_reports_all_its_users_is_accepted() -> None:
    assert of("billing", event="renewal").click_id == ""
    refusal = refused(event="install")
    assert (refusal.status, refusal.code) == (400, "missing_click_id")
    assert "ml_sub1" in refusal.detail


def test_a_source_s_own_click_id_gets_that_source_s_space() -> None:
    assert of("popsnet", subid="1111111", payout="1", currency="usd") == Postback(
        postback_id="p", click_id="pops:1111111", event="install", network="popsnet", received_at=NOW_MS,
        payout=Decimal(1), currency="USD",
    )  # fmt: skip
    assert of("popsnet", cid="Ab é/%:").click_id == "pops:Ab é/%:"


@pytest.mark.parametrize("value", ["x" * 256, "é" * 128, "a\ufffdb"])
def test_a_source_s_click_id_is_text_of_at_most_255_bytes(value: str) -> None:
    assert refused("popsnet", cid=value).code == "invalid_click_id"


def test_an_event_has_to_be_named_or_configured() -> None:
    assert of("near", click_id=OURS).event == "install"
    assert of("near", click_id=OURS, event="{event}").event == "install"
    assert refused(ml_sub1=OURS).code == "missing_event"
    assert "unreplaced macro" in refused(ml_sub1=OURS, event="{event}").detail
    assert refused(ml_sub1=OURS, event="two words").code == "invalid_event"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("approved", "approved"),
        ("HOLD", "pending"),
        ("2", "rejected"),
        ("trash", "rejected"),
        ("1", "pending"),
        ("", "approved"),
    ],
)
def test_a_status_word_means_what_its_network_says_d9_d10(word: str, status: str) -> None:
    found = of(ml_sub1=OURS, event="install", status=word)
    assert (found.status, found.raw_status) == (status, word)


@pytest.mark.parametrize(
    ("payout", "says"), [("NaN", "'NaN'"), ("1e400", "'1e400'"), ("free", "'free'"), ("1,234", "1234")]
)
def test_a_payout_that_is_none_is_refused_with_what_would_be_right(payout: str, says: str) -> None:
    refusal = refused(ml_sub1=OURS, event="install", payout=payout)
    assert (refusal.status, refusal.code) == (400, "invalid_payout")
    assert says in refusal.detail
    assert "12.50" in refusal.detail


def test_a_currency_that_is_missing_is_the_network_s() -> None:
    assert of("near", click_id=OURS, payout="5").currency == "EUR"
    assert of("near", click_id=OURS, payout="5", currency="usd").currency == "USD"
    assert of("near", click_id=OURS).currency == ""
    assert refused("near", click_id=OURS, payout="5", currency="dollars").code == "invalid_currency"


def test_the_network_s_own_time_is_kept() -> None:
    assert of(ml_sub1=OURS, event="install", timestamp="1700000000").occurred_at == NOW_MS
    assert refused(ml_sub1=OURS, event="install", timestamp="soon").code == "invalid_occurred_at"


@pytest.mark.parametrize("txid", ["x" * 1025, "a\ufffdb"])
def test_a_transaction_id_that_cannot_be_kept_whole_is_refused(txid: str) -> None:
    assert refused(ml_sub1=OURS, event="install", txid=txid).code == "invalid_txid"


def test_an_error_shows_a_long_value_cut_and_without_control_characters() -> None:
    detail = refused(ml_sub1="\n\x1b[31m" + "x" * 5000, event="install").detail
    assert len(detail) < 300
    assert detail.isprintable()


@pytest.mark.parametrize("word", ["rejected", "reversed", "chargeback", "refunded", "Cancelled"])
def test_what_is_taken_back_counts_whatever_its_network_says_of_the_sale(word: str) -> None:
    """A refund that were rejected would be taken off no sum."""
    found = of("near", click_id=OURS, event="install", status=word, payout="-5.00", currency="USD")
    assert (found.status, found.raw_status, found.payout) == ("approved", word, Decimal("-5.00"))
    for kept in ({"payout": "5.00", "currency": "USD"}, {"payout": "0", "currency": "USD"}, {}):
        assert of("near", click_id=OURS, event="install", status=word, **kept).status == "rejected"


def test_a_refund_that_is_not_certain_yet_is_pending() -> None:
    assert of("near", click_id=OURS, event="install", status="pending", payout="-5.00").status == "pending"


@pytest.mark.parametrize(("said", "paid"), [("5.00", "-5.00"), ("-5.00", "-5.00"), ("0", "0"), ("", None)])
def test_a_rule_may_say_that_an_amount_is_taken_back_whichever_sign_it_has(said: str, paid: str | None) -> None:
    network = {"open": True, "rules": [{"when": {"type": "chargeback"}, "event": "refund", "refund": True}]}
    plan = prepare(settings(networks={"bank": network})).networks["bank"]
    params = {"click_id": OURS, "type": "chargeback", "payout": said, "currency": "USD", "status": "rejected"}
    found = normalize_postback(plan, params, PLANS.secrets, postback_id="p", now_ms=NOW_MS)
    assert (found.event, found.payout) == ("refund", paid and Decimal(paid))
    assert found.status == ("approved" if paid == "-5.00" else "rejected")

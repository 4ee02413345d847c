"""One record of each type with every field set, and the files that hold them as they lie on the topics.

`python -m tests.support.golden` writes the files that are missing, and never changes one that is there: bytes that lie
on somebody's topic cannot be changed either.
"""

from decimal import Decimal
from pathlib import Path

import msgspec

from schemas.catalogue import Change, Revision
from schemas.record import FORMAT, Record
from schemas.records import (
    Cancel,
    Click,
    Conversion,
    Delivery,
    Epoch,
    Facts,
    Forget,
    Invalid,
    Outcome,
    Postback,
    Resend,
    Retemplate,
    Tick,
)
from schemas.wire import encode

FOLDER = Path(__file__).parents[1] / "golden"
AT = 1_700_000_000_000

CLICK = Click(
    click_id="06brimll0000820c20a1g60s51mv7jcu",
    clicked_at=AT,
    received_at=AT + 1,
    campaign="spring",
    source="pops",
    source_click_id="их-42",
    offer="game",
    network="acme",
    may_credit=("acme", "billing"),
    payouts={"install": "1.20 USD"},
    payout_fixed=True,
    country="DE",
    device="phone",
    os="Android",
    browser="Chrome",
    placement="site-1",
    creative="banner-2",
    source_campaign="77",
    keyword="puzzle",
    subs={"sub1": "a", "sub10": "j"},
    params={"zone": "9"},
    cost=Decimal("0.05000000"),
    currency="USD",
    ip="203.0.113.9",
    user_agent='Mozilla/5.0 "quoted"',
    is_bot=True,
    is_test=True,
    origin="import",
)
CHOSEN_CLICK = msgspec.structs.replace(
    CLICK,
    region="Bavaria",
    isp="Example Telecom",
    connection_type="cellular",
    language="de",
    chosen_by="trafficback",
    choice_reason="game: countries; quiz: paused",
    probability=0.75,
    candidates={"game": 0.75, "quiz": 0.25},
)
LANDED_CLICK = msgspec.structs.replace(CHOSEN_CLICK, lander="quiz-page", is_unique=True, is_prefetch=True)
CONSENTED_CLICK = msgspec.structs.replace(LANDED_CLICK, consent="granted")
POSTBACK = Postback(
    postback_id="06brimll000041061050o3gg28",
    click_id=CLICK.click_id,
    event="subscribe",
    network="acme",
    received_at=AT + 2,
    txid="t-1",
    status="pending",
    raw_status="hold",
    payout=Decimal("-9.990"),
    currency="EUR",
    occurred_at=AT + 3,
    repeat="new",
    window_ms=31_536_000_000,
    wait_ms=3_600_000,
    params={"geo": "DE"},
    is_test=True,
    origin="replay",
)
CONVERSION = Conversion(
    conversion_id="00112233445566778899aabbccddeeff",
    event="subscribe",
    network="acme",
    postback_id=POSTBACK.postback_id,
    txid="t-1",
    status="rejected",
    raw_status="chargeback",
    payout=Decimal("-9.990"),
    currency="EUR",
    occurred_at=AT + 3,
    received_at=AT + 2,
    status_at=AT + 4,
    status_received_at=AT + 5,
    is_refund=True,
    is_test=True,
)
DELIVERY = Delivery(
    delivery_id="ffeeddccbbaa99887766554433221100",
    state="retry",
    attempt=2,
    destination="source/pops",
    conversion_id=CONVERSION.conversion_id,
    postback_id=POSTBACK.postback_id,
    click_id=CLICK.click_id,
    event="subscribe",
    source="pops",
    at=AT + 7,
    next_attempt_at=AT + 8,
    method="POST",
    url="https://pops.example/pb?cid=42",
    code=503,
    reason="server_error",
    took_ms=120,
    worker="w1",
)
BARE_POSTBACK = Postback(postback_id="p", click_id="c", event="install", network="acme", received_at=AT)
OUTCOME_BARE = Outcome(outcome="waiting", postback=BARE_POSTBACK, version=1 << 16, decided_at=AT)
SENT_DELIVERY = msgspec.structs.replace(
    DELIVERY,
    headers={"Content-Type": "application/json"},
    body='{"cid":"42"}',
    shown_url="https://pops.example/pb?cid=***",
    resends="00112233445566778899aabbccddeeff",
)
FACTS = Facts(click_id=CLICK.click_id, click=CLICK, conversions=(CONVERSION,), decided=("p1", "p2"))

GOLDEN: dict[str, Record] = {
    "click-without-choice": CLICK,
    "click-without-lander": CHOSEN_CLICK,
    "click-without-consent": LANDED_CLICK,
    "click-without-partner": CONSENTED_CLICK,
    "click-without-cpa": msgspec.structs.replace(CONSENTED_CLICK, partner="bob"),
    "click": msgspec.structs.replace(CONSENTED_CLICK, partner="bob", cpa={"subscribe": "3.00 USD"}),
    "click-bare": Click(click_id="pops:42", clicked_at=AT, received_at=AT, campaign="spring", source="pops"),
    "postback-without-consent": POSTBACK,
    "postback": msgspec.structs.replace(POSTBACK, consent="denied"),
    "postback-bare": BARE_POSTBACK,
    "facts-without-forgotten": FACTS,
    "facts": msgspec.structs.replace(FACTS, forgotten=True),
    "tick": Tick(),
    "forget": Forget(click_id=CLICK.click_id),
    "epoch": Epoch(epoch=255),
    "outcome": Outcome(
        outcome="updated",
        postback=POSTBACK,
        version=0x01_0000000002_0003,
        decided_at=AT + 6,
        reason="a reason",
        repeats="p0",
        previous_status="pending",
        conversion=CONVERSION,
        click=CLICK,
    ),
    "outcome-bare": OUTCOME_BARE,
    "delivery-without-body": DELIVERY,
    "delivery-without-outcome": SENT_DELIVERY,
    "delivery-without-answer": msgspec.structs.replace(SENT_DELIVERY, outcome=OUTCOME_BARE, outcome_at=7, revision=1),
    "delivery-without-revision": msgspec.structs.replace(SENT_DELIVERY, outcome=OUTCOME_BARE),
    "delivery": msgspec.structs.replace(
        SENT_DELIVERY, outcome=OUTCOME_BARE, outcome_at=7, revision=1, answer="try again later"
    ),
    "resend": Resend(resend_id="0f1e2d3c4b5a69788796a5b4c3d2e1f0", delivery=DELIVERY, asked_at=AT + 9),
    "cancel": Cancel(delivery=DELIVERY, asked_at=AT + 9, reason="the offer has ended"),
    "retemplate": Retemplate(delivery=DELIVERY, outcome=OUTCOME_BARE, asked_at=AT + 9),
    "revision": Revision(
        base=6,
        at=AT,
        author="anna",
        changes=(
            Change("offers", "quiz", {"network": "acme", "url": "https://quiz.example/?c={click_id}"}),
            Change("campaigns", "autumn"),
        ),
        note="autumn is over",
    ),
    "invalid": Invalid(
        invalid_id="0123456789abcdef0123456789abcdef",
        received_at=AT,
        kind="postback",
        code="invalid_payout",
        detail="payout",
        raw="payout=a+lot",
        network="acme",
        source="pops",
        status=400,
    ),
}


def path_of(name: str, version: int = FORMAT) -> Path:
    """The file of a record in a version of the format."""
    return FOLDER / f"{name}.v{version}.json"


if __name__ == "__main__":
    for name, record in GOLDEN.items():
        if not path_of(name).exists():
            path_of(name).write_bytes(encode(record))

from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import Value
from schemas.macros import (
    ANY_PARAM,
    CLICK_MACROS,
    POSTBACK_MACROS,
    MacroError,
    Template,
    UnresolvedMacro,
    parse_url_template,
)

NASTY = [
    "&a=b",
    "#",
    "{payout}",
    "{click_id}",
    "%7Bpayout%7D",
    "x\r\nX-Evil: 1",
    "😀",
    "",
    " ",
    "a/../b",
    "ü" * 10_240,
    "%",
]
VALUES = st.one_of(st.text(), st.sampled_from(NASTY))


@given(VALUES, VALUES)
def test_a_value_arrives_at_the_source_as_it_was_and_adds_nothing_to_the_url(click_id: str, payout: str) -> None:
    template = parse_url_template("https://pops.example/pb?cid={source_click_id}&p={payout}&end=1", POSTBACK_MACROS)
    url = template.render({"source_click_id": click_id, "payout": payout})
    parts = urlsplit(url)
    assert parts.netloc == "pops.example"
    assert parts.fragment == ""
    query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True, encoding="utf-8")
    assert query == {"cid": [_told(click_id)], "p": [_told(payout)], "end": ["1"]}


@given(VALUES)
def test_a_rendered_value_holds_no_brace_no_line_break_and_no_character_beyond_ascii(value: str) -> None:
    rendered = Template.parse("{keyword}", CLICK_MACROS).render({"keyword": value})
    assert rendered.isascii()
    assert not set(rendered) & set("{}\r\n &#?/=+\"'<>")
    assert unquote(rendered) == _told(value)


def _told(value: str) -> str:
    """A lone surrogate is no character: it is told as "?"."""
    return value.encode("utf-8", "replace").decode()


@given(st.text())
def test_any_text_is_either_a_template_or_refused_with_a_reason(text: str) -> None:
    try:
        template = Template.parse(text, POSTBACK_MACROS)
    except MacroError as error:
        assert str(error)
    else:
        assert template.macros <= POSTBACK_MACROS
        assert "{" not in template.render(dict.fromkeys(template.macros, "{x}"))


NAMES = sorted(POSTBACK_MACROS - {ANY_PARAM} | {"param.em"})


@given(st.lists(st.one_of(st.sampled_from(NAMES), st.text("abc/?=&%7", max_size=5))))
def test_rendering_replaces_every_macro_and_keeps_all_else(parts: list[str]) -> None:
    text = "".join(f"{{{part}}}" if part in NAMES else part for part in parts)
    values = {name: name.upper() for name in NAMES}
    rendered = Template.parse(text, POSTBACK_MACROS).render(values)
    assert rendered == "".join(part.upper() if part in NAMES else part for part in parts)


def test_a_macro_without_a_value_is_never_left_in_the_url() -> None:
    template = Template.parse("https://a.example/?p={payout}", POSTBACK_MACROS)
    with pytest.raises(UnresolvedMacro) as raised:
        template.render({})
    assert raised.value.macro == "payout"


def test_an_empty_value_is_a_value() -> None:
    assert Template.parse("p={payout}", POSTBACK_MACROS).render({"payout": ""}) == "p="


def test_a_template_says_which_macros_it_holds() -> None:
    assert Template.parse("{event}-{event}-{sub1}", POSTBACK_MACROS).macros == {"event", "sub1"}


@pytest.mark.parametrize(
    ("macro", "value", "text"),
    [
        ("payout", Decimal("1E+3"), "1000"),
        ("payout|2", Decimal("1.005"), "1.01"),
        ("payout|0", Decimal("-0.5"), "-1"),
        ("payout|2", Decimal(3), "3.00"),
        ("payout|8", Decimal("9999999999999999.00000001"), "9999999999999999.00000001"),
        ("payout|8", Decimal("0.00000001"), "0.00000001"),
        ("payout|2", "", ""),
        ("occurred_at", 1_700_000_000_999, "1700000000"),
        ("occurred_at|ms", 1_700_000_000_999, "1700000000999"),
        ("occurred_at|iso", 1_700_000_000_999, "2023-11-14T22:13:20Z"),
        ("occurred_at|datetime", 1_700_000_000_999, "2023-11-14 22:13:20"),
        ("occurred_at|offset", 1_700_000_000_999, "2023-11-14 22:13:20+00:00"),
        ("occurred_at|date", -1, "1969-12-31"),
        ("occurred_at|us", 1_700_000_000_999, "1700000000999000"),
        ("payout|text", Decimal("1.20"), "1.20"),
        ("country|lower", "DE", "de"),
        ("param.em|hashed", "A" * 64, "a" * 64),
        ("param.em|hashed", "someone@mail.example", ""),
        ("param.em|hashed", "a" * 63 + "g", ""),
        ("event|upper", "install", "INSTALL"),
    ],
)
def test_a_filter_says_how_a_value_is_written(macro: str, value: Value, text: str) -> None:
    template = Template.parse(f"{{{macro}}}", POSTBACK_MACROS)
    assert unquote(template.render({macro.partition("|")[0]: value})) == text


def test_a_moment_that_no_calendar_holds_is_not_told() -> None:
    with pytest.raises(UnresolvedMacro, match="occurred_at"):
        Template.parse("{occurred_at|iso}", POSTBACK_MACROS).render({"occurred_at": 1 << 60})


@given(VALUES, VALUES)
def test_what_is_filled_in_early_gives_the_same_text(early: str, late: str) -> None:
    template = Template.parse("a={sub1}&b={sub2}&c={sub1|upper}", POSTBACK_MACROS)
    whole = template.render({"sub1": early, "sub2": late})
    assert template.filled({"sub1": early}).render({"sub2": late}) == whole


def test_an_offer_may_not_name_what_only_a_conversion_has() -> None:
    with pytest.raises(MacroError, match=r"unknown macro \{payout\}"):
        Template.parse("https://offer.example/?p={payout}", CLICK_MACROS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://a.example/?c={clickid}", r"unknown macro \{clickid\}: did you mean \{click_id\}\?"),
        ("https://a.example/?c={CLICK_ID}", r"did you mean \{click_id\}\?"),
        ("https://a.example/?c={}", r"unknown macro \{\}: there are: browser, campaign, click_id"),
        ("https://a.example/?c={click_id", r"unbalanced '\{' at character 22"),
        ("https://a.example/?c=click_id}", r"unbalanced '\}' at character 30"),
        ("https://a.example/?c={{click_id}}", r"unbalanced '\{' at character 22"),
        ("https://a.example/?p={payout|upper}", r"unknown filter \{payout\|upper\}: there are \{payout\|0\}, .*text"),
        ("https://a.example/?p={sub1|sha1}", r"there are \{sub1\|upper\}, \{sub1\|lower\}"),
        ("https://a.example/?p={param.Em}", r"write the name of a parameter in small letters behind param\."),
        ("https://a.example/?p={param.*}", "write the name of a parameter"),
        ("https://a.example/?p={payout|}", r"unknown filter \{payout\|\}"),
        ("https://a.example/?p={payuot|2}", r"unknown macro \{payuot\|2\}: did you mean \{payout\}\?"),
        ("https://a.example/?a={account.aid}", r'write aid = "…" in its \[account\]'),
        ("https://{source}/?c={click_id}", "the host holds a macro"),
        ("https://a.example:{sub1}/", "the host holds a macro"),
        ("https:///pb?c={click_id}", "the URL has no host"),
        ("/pb?c={click_id}", "the scheme '' cannot be called: begin with https:// or http://"),
        ("file:///etc/passwd", "the scheme 'file' cannot be called"),
        ("javascript:alert(1)", "the scheme 'javascript' cannot be called"),
        ("{source_click_id}", "the scheme '' cannot be called"),
        ("https://a.example:99999/", "this is no URL"),
        ("https://a.example/\r\nX-Evil: 1", "a URL holds no space, tab or line break"),
        (" https://a.example/", "a URL holds no space"),
    ],
)
def test_a_url_that_cannot_be_called_is_refused_with_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(MacroError, match=told):
        parse_url_template(text, POSTBACK_MACROS)


def test_where_no_macro_may_stand_that_is_said() -> None:
    with pytest.raises(MacroError, match=r"unknown macro \{x\}: no macro stands here: .*%7B"):
        parse_url_template("https://a.example/{x}", frozenset())

"""Telephone numbers as people write them, in the digits of E.164. Pure."""

import re


def e164_digits(text: str, region: str | None) -> str:
    """A telephone number with its country's code and without symbols. One that names no country is of that region."""
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

    text = re.sub(r"^\s*00", "+", text)
    bare = digits_of(text).lstrip("0")
    attempts = [(text, region)] if region or text.lstrip().startswith("+") else []
    for attempt, of in (*attempts, (f"+{bare}", None)):
        try:
            number = parse(attempt, of)
        except NumberParseException:
            continue
        if is_possible_number(number):
            return format_number(number, PhoneNumberFormat.E164).lstrip("+")
    return bare


def digits_of(text: str) -> str:
    """The digits in a text."""
    return re.sub(r"\D", "", text, flags=re.ASCII)

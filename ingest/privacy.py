"""What of a person is hashed or cut before it is stored: e-mail addresses, telephone numbers, IP addresses. Pure.

An e-mail address is trimmed and lower-cased, a telephone number is in the digits of E.164 (without symbols and leading
zeros), then each is SHA-256 in hexadecimal: what conversion APIs ask for. Some (Google, TikTok) hash the + of E.164
too: that is kept beside, as NAME_e164. What is hashed already stays as it is, so that to hash twice is to hash once.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from ingest import addresses
from ingest.parameters import Params
from ingest.telephones import digits_of, e164_digits
from schemas.settings.file import Settings
from schemas.settings.traffic import OURS
from schemas.unreplaced import unreplaced_macro

E164 = "_e164"
"""Ends the name under which the hash of a telephone number with its + is kept."""

_DOMAIN = r"@[\w-]+(?:\.[\w-]+)+"
_EMAIL = re.compile(rf"[^\s@/?:<>\"(),;\[\]\\]+{_DOMAIN}")
_EMAIL_WITHIN = re.compile(rf"[\w.+'-]+{_DOMAIN}")
_HASHED = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_LAST_NAME = re.compile(r"([^.\[\]]+)\]?(?:\.\d+|\[\d*\])*$")
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is configured, prepared."""

    hash_email: bool
    hash_phone: bool
    emails: frozenset[str]  # names of parameters, lower-cased, as all names here
    phones: frozenset[str]
    region: str | None  # of telephone numbers that name no country
    ip: addresses.How
    key: bytes
    named: frozenset[str]  # emails and phones
    kept: frozenset[str]  # names of what has to come back byte for byte: click IDs, keys


def privacy_plan(settings: Settings) -> Privacy | None:
    """Prepare what is configured; None where everything is kept as it comes."""
    how = settings.privacy
    if not how.hash and how.ip == "keep":
        return None
    secrets = settings.ingest.secrets
    emails, phones = (frozenset(map(str.lower, names)) for names in (how.email_params, how.phone_params))
    return Privacy(
        hash_email="email" in how.hash,
        hash_phone="phone" in how.hash,
        emails=emails,
        phones=phones,
        named=emails | phones,
        region=how.phone_region or None,
        ip=how.ip,
        key=sha256(secrets[0].get_secret_value().encode()).digest() if secrets else b"",
        kept=frozenset(_kept_names(settings)),
    )


def _kept_names(settings: Settings) -> Iterable[str]:
    yield from ("key", "click_id")
    names = [source.click_id_param or "source_click_id" for source in settings.sources.values()]
    for network in settings.networks.values():
        if network.click_ids != OURS:
            names += network.params.get("click_id", ())
    for name in map(str.lower, names):
        yield from (name, _last(name))


def cut_params(plan: Privacy, params: Params) -> Params:
    """The parameters of a request as they may be stored."""
    found: Params = {}
    named = plan.named
    for name, value in params.items():
        # Most are neither named as personal, without dots and brackets, nor can they hold anything.
        if name not in named and name.isidentifier() and not _may_hold(value):
            found[name] = value
            continue
        found.update(cut_pair(plan, name, value))
    return found


def cut_pair(plan: Privacy, name: str, value: str) -> tuple[tuple[str, str], ...]:
    """A parameter as it may be stored; of a telephone number both its hashes. The name in any case."""
    if not value or name.lower() in plan.kept:
        return ((name, value),)
    if value[0] in "[{":
        return ((name, cut_json(plan, value, name)),)
    word = _last(name.lower())
    if plan.hash_email and word in plan.emails:
        return ((name, _hashed(value, _decoded(value).strip().lower())),)
    if plan.hash_phone and word in plan.phones:
        return _cut_phone(plan, name, value)
    return ((name, cut_text(plan, value)),)


def cut_text(plan: Privacy, text: str) -> str:
    """Any text as it may be stored: with no e-mail and no IP address in it as it was. Numbers are not guessed at."""
    if plan.hash_email and ("@" in text or "%40" in text):
        text = _without_emails(text)
    return addresses.cut_addresses(plan.ip, plan.key, text)


def _may_hold(text: str) -> bool:
    """Whether there may be an address of any kind in a text, or JSON."""
    if text.isalnum():
        return False
    return "@" in text or "%40" in text or "[" in text or "{" in text or addresses.may_hold_address(text)


def cut_user_agent(plan: Privacy, text: str) -> str:
    """A User-Agent as it may be stored: without e-mail addresses. Four numbers in it are a version, no IP address."""
    return _without_emails(text) if plan.hash_email and "@" in text else text


def cut_address(plan: Privacy, text: str) -> str:
    """An IP address as it may be stored; what is none as it is."""
    return addresses.cut_address(plan.ip, plan.key, text)


def _last(name: str) -> str:
    """The last part of customer.email, customer[email] and emails[0]."""
    if "." not in name and "[" not in name:
        return name
    found = _LAST_NAME.search(name)
    return found[1] if found else name


def _decoded(text: str) -> str:
    """What it was before it was encoded twice."""
    return unquote(text) if "%40" in text else text


def _without_emails(text: str) -> str:
    plain = _decoded(text)
    if _EMAIL.fullmatch(plain.strip()):
        return _sha256(plain.strip().lower())
    return _EMAIL_WITHIN.sub(lambda found: _sha256(found[0].lower()), plain) if "@" in plain else text


def _hashed(sent: str, normalised: str) -> str:
    """A value that is named as personal. One that was hashed before, is empty or an unreplaced macro stays."""
    if _HASHED.fullmatch(normalised):
        return normalised.lower()
    return _sha256(normalised) if normalised and not unreplaced_macro(sent) else sent


def _cut_phone(plan: Privacy, name: str, value: str) -> tuple[tuple[str, str], ...]:
    text = value.strip()
    if _HASHED.fullmatch(text):
        return ((name, text.lower()),)
    digits = digits_of(text)
    # "yes", "iphone" or a year under such a name are no telephone number.
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or unreplaced_macro(text):
        return ((name, cut_text(plan, value)),)
    digits = e164_digits(text, plan.region)
    plain, plus = _sha256(digits), _sha256(f"+{digits}")
    if name.lower().endswith(E164):
        return ((name, plus),)
    return (name, plain), (name + E164, plus)


def _sha256(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


class _Number(str):
    """A number of JSON as it was written."""


class _Members(list[tuple[str, Any]]):
    """The members of an object, in their order; a name may stand there twice."""


def cut_json(plan: Privacy, text: str, name: str = "") -> str:
    """JSON as it may be stored, the same text where nothing is to be cut. name: of the parameter that it is in."""
    try:
        found = json.loads(
            text, parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_Members
        )
        cut = _cut_node(plan, name, found)
        return text if cut == found else _written(cut)
    except (ValueError, RecursionError):  # cut somewhere, or none at all
        return cut_text(plan, _named_values(plan, text.replace("\\u0040", "@")))


def _cut_node(plan: Privacy, name: str, node: Any) -> Any:
    if isinstance(node, _Members):
        return _Members(pair for key, inner in node for pair in _cut_member(plan, key, inner))
    if isinstance(node, list):
        return [_cut_node(plan, name, each) for each in node]
    return cut_pair(plan, name, node)[0][1] if isinstance(node, str) else node


def _cut_member(plan: Privacy, name: str, node: Any) -> Iterable[tuple[str, Any]]:
    return cut_pair(plan, name, node) if isinstance(node, str) else ((name, _cut_node(plan, name, node)),)


def _written(node: Any) -> str:
    if isinstance(node, _Members):
        return "{" + ",".join(f"{_written(name)}:{_written(inner)}" for name, inner in node) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_written, node)) + "]"
    return str(node) if isinstance(node, _Number) else json.dumps(node, ensure_ascii=False)


def _named_values(plan: Privacy, text: str) -> str:
    """Text that should have been JSON, with what is named as personal hashed."""
    names = "|".join(map(re.escape, sorted(plan.named)))
    member = re.compile(rf'"({names})"\s*:\s*"?([^",}}\]]+)"?', re.IGNORECASE)

    def cut(found: re.Match[str]) -> str:
        return ",".join(f'"{name}":"{value}"' for name, value in cut_pair(plan, found[1], found[2]))

    return member.sub(cut, text)

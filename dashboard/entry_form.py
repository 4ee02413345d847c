"""The form of an entry of the catalogue: the keys that most need a field each, everything else as TOML. Pure."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import tomli_w

from schemas.settings.errors import Problem, path_text

REST, WHOLE = "rest", ""
"""Where a problem is shown that belongs to no field: beside the TOML, and above all."""

Entry = Mapping[str, Any]


class Field(NamedTuple):
    """A key of an entry."""

    key: str
    label: str
    shape: Literal["text", "names", "pairs", "flag"]
    section: str = ""  # whose names are offered
    hint: str = ""
    required: bool = False


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "campaigns": (
        Field("source", "Source", "text", "sources", required=True),
        Field("offers", "Offers", "names", "offers", "several: game, quiz", required=True),
        Field("landers", "Landers", "names", "landers", "shown before the offer"),
        Field("trafficback", "Trafficback", "text", "offers", "where those go whom no offer fits"),
        Field("cost", "Cost per click", "text", hint="0.05 USD"),
        Field("cpm", "or per thousand", "text", hint="0.80 USD"),
        Field("cpa", "and per event", "pairs", hint="subscribe=3.00 USD, trial=0.50 USD"),
        Field("paused", "Paused", "flag"),
    ),
    "offers": (
        Field("network", "Network", "text", "networks", required=True),
        Field("url", "URL", "text", hint="https://offer.example/?aff_sub={click_id}", required=True),
        Field("payouts", "Payouts, where it sends none", "pairs", hint="install=1.20 USD, subscribe=9.99 USD"),
    ),
    "landers": (Field("url", "URL", "text", hint="https://quiz.example/?click_id={click_id}", required=True),),
    "networks": (
        Field("preset", "Preset", "text", "network presets", "generic"),
        Field("key", "Key", "text", hint="env:NAME of a variable"),
        Field("click_ids", "Whose click IDs it sends", "text", "sources", "ours"),
        Field("params", "Our word = their parameter", "pairs", hint="click_id=aff_sub, txid=tid"),
        Field("events", "Their word = our event", "pairs", hint="lead=install, sale=subscribe"),
        Field("currency", "Currency, where it sends none", "text", hint="USD"),
        Field("open", "Open to anybody, without a key", "flag"),
    ),
    "sources": (
        Field("preset", "Preset", "text", "source presets", "generic"),
        Field("click_id_param", "Their click ID's parameter", "text", hint="zoneclick"),
        Field("key", "Key", "text", hint="env:NAME, for clicks server to server"),
    ),
    "partners": (
        Field("label", "Name on statements", "text"),
        Field("hold", "Payable after", "text", hint="14d"),
        Field("campaigns", "Campaigns of their own", "names", "campaigns"),
        Field("promotes", "Others on their page", "names", "campaigns", "whose URL they may copy"),
        Field("password", "Password of their page", "text", hint="typed here, kept as a hash"),
        Field("key", "Key", "text", hint="env:NAME of a variable"),
        Field("paused", "Paused", "flag"),
    ),
}


class Form(NamedTuple):
    """What stands in the fields, and what is wrong with it."""

    kind: str
    name: str
    values: Mapping[str, str]  # by key; a flag is "1" or empty
    rest: str  # TOML
    problems: Mapping[str, tuple[str, ...]] = {}  # by key, REST or WHOLE


def form_of(kind: str, name: str, entry: Entry) -> Form:
    """The form that gives this entry."""
    shown = {field.key: _text(field, entry[field.key]) for field in FIELDS[kind] if _fits(field, entry.get(field.key))}
    values = {field.key: shown.get(field.key, "") for field in FIELDS[kind]}
    return Form(kind, name, values, tomli_w.dumps({key: value for key, value in entry.items() if key not in shown}))


def typed(kind: str, given: Mapping[str, str]) -> Form:
    """The form as it was sent. Names of fields are `field-KEY`."""
    values = {field.key: given.get(f"field-{field.key}", "").strip() for field in FIELDS[kind]}
    return Form(kind, given.get("name", "").strip(), values, given.get(REST, ""))


def entry_of(form: Form) -> tuple[dict[str, Any], Mapping[str, tuple[str, ...]]]:
    """The entry that a form gives, and what is wrong with it before it is validated."""
    entry = {field.key: _value(field, form.values[field.key]) for field in FIELDS[form.kind] if form.values[field.key]}
    try:
        rest = tomllib.loads(form.rest.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        return entry, {REST: (f"this is no TOML: {error}",)}
    if twice := sorted(entry.keys() & rest.keys()):
        return entry, {REST: (f"{', '.join(twice)}: stands in a field above, too",)}
    return {**entry, **rest}, {}


def told(form: Form, problems: Iterable[Problem]) -> Form:
    """The form with each problem at its field."""
    keys = {field.key for field in FIELDS[form.kind]}
    prefix = path_text((form.kind, form.name))
    found: dict[str, tuple[str, ...]] = {}
    for problem in problems:
        within = problem.path.removeprefix(f"{prefix}.") if problem.path.startswith(f"{prefix}.") else ""
        key = within.partition(".")[0].partition("[")[0]
        # A field that is filled in stands for its key; else it is in the TOML, or missing there.
        place = key if key in keys and (form.values.get(key) or key not in form.rest) else REST if within else WHOLE
        is_of_field = key != WHOLE and place == within
        text = problem.message if is_of_field else str(problem._replace(path=within or problem.path))
        found[place] = (*found.get(place, ()), text)
    return form._replace(problems=found)


def _fits(field: Field, value: object) -> bool:
    match field.shape:
        case "flag":
            return isinstance(value, bool)
        case "names":
            return isinstance(value, list) and all(isinstance(one, str) and "," not in one for one in value)
        case "pairs":
            return isinstance(value, dict) and bool(value) and _pairs(_paired(value)) == value
    return isinstance(value, str)


def _text(field: Field, value: Any) -> str:
    match field.shape:
        case "flag":
            return "1" if value else ""
        case "names":
            return ", ".join(value)
        case "pairs":
            return _paired(value)
    return str(value)


def _value(field: Field, text: str) -> Any:
    match field.shape:
        case "flag":
            return True
        case "names":
            return [name for one in text.split(",") if (name := one.strip())]
        case "pairs":
            return _pairs(text)
    return text


def _paired(value: Entry) -> str:
    return ", ".join(f"{key}={text}" for key, text in value.items())


def _pairs(text: str) -> dict[str, str]:
    said = (one.partition("=") for one in text.split(",") if one.strip())
    return {key.strip(): value.strip() for key, _, value in said}

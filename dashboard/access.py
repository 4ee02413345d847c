"""Who may see the pages, who may act, and how those who guess are slowed. Pure."""

from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Literal, NamedTuple

from schemas.settings.dashboard import DashboardUser
from schemas.settings.partners import Partner

Role = Literal["read", "act"]

PARTNER_PAGE = "/partner"
FREE_TRIES = 3
_LONGEST_PAUSE = 60.0
SAFE_METHODS = ("GET", "HEAD")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Of every answer. Pages hold what visitors and networks wrote: nothing of it may ever run."""


class Login(NamedTuple):
    """Who may log in, and by which hash; empty: by none."""

    role: Role
    hash: str
    partner: str = ""  # whose page it is for, and nothing else


def is_loopback(host: str) -> bool:
    """Whether a host, as a URL or an address to listen at names it, is this machine alone."""
    bare = host.strip("[]").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The host in a Host header, without its port."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.rpartition(":")[0] if ":" in header else header


def may_come_by(host_header: str, *, has_users: bool) -> bool:
    """Whether a request is for us. Without users only by a name of this machine: any page in the browser of who sits
    here can lead a name of its own to 127.0.0.1."""
    return has_users or is_loopback(host_of(host_header))


def is_from_our_page(fetch_site: str, origin: str, host_header: str) -> bool:
    """Whether a browser says that one of our own pages sends this form. Empty headers: it says nothing."""
    if fetch_site and fetch_site != "same-origin":
        return False
    return not origin or origin.partition("://")[2] == host_header


def user_of(authorization: str, users: Mapping[str, DashboardUser]) -> str:
    """The user whose token a header Authorization brings; empty: nobody's."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return ""
    sent, found = token.strip().encode(), ""
    for name, user in users.items():
        if user.token and compare_digest(sent, user.token.get_secret_value().encode()):
            found = name
    return found


def login_of(name: str, users: Mapping[str, DashboardUser], partners: Mapping[str, Partner]) -> Login | None:
    """Who logs in by a name, a user before a partner; None: nobody."""
    if name in users:
        return Login(users[name].role, users[name].hash)
    partner = partners.get(name)
    return Login("read", partner.hash, name) if partner and partner.hash else None


def is_for_partners(path: str) -> bool:
    """Whether a partner may ask for it. What is theirs in there, their session says, and no parameter."""
    return path in (PARTNER_PAGE, "/login", "/logout") or path.startswith((f"{PARTNER_PAGE}/", "/static/", "/health/"))


def pause_after(failures: int) -> float:
    """Seconds before the next try is looked at, after so many wrong passwords in a row."""
    if failures < FREE_TRIES:
        return 0.0
    return min(2.0 ** (failures - FREE_TRIES + 1), _LONGEST_PAUSE)


def safe_path(path: str) -> str:
    """Where to go after the login: a page of ours, whatever was asked for."""
    if path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable():
        return path
    return "/"

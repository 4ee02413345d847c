"""The files of certificate authorities that the configuration names: can they be used?"""

import ssl
from collections.abc import Iterator

from schemas.settings.errors import Problem, value_text
from schemas.settings.file import Settings


def unusable_authorities(settings: Settings) -> Iterator[Problem]:
    """A problem for each that cannot be read, or holds no certificate."""
    named = {
        "kafka.security.ca_file": settings.kafka.security.ca_file,
        "clickhouse.ca_file": settings.clickhouse.ca_file,
    }
    for place, file in named.items():
        if file and (why := _why_not(file)):
            yield Problem(place, value_text(file), why)


def _why_not(file: str) -> str:
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        return "holds no certificate: write the PEM file of the authority that signed the server's"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return ""

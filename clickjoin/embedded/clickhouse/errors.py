"""Pure. ClickHouse's error codes: how an error is worded, and which HTTP status it travels with."""

from __future__ import annotations

import re

SYNTAX_ERROR = 62
BAD_ARGUMENTS = 36
NOT_IMPLEMENTED = 48
UNKNOWN_TYPE_OF_QUERY = 78
UNKNOWN_COMPRESSION_METHOD = 89
UNKNOWN_SETTING = 115
READONLY = 164
TOO_MANY_SIMULTANEOUS_QUERIES = 202
QUERY_IS_TOO_LARGE = 229
ABORTED = 236
CANNOT_DECOMPRESS = 271
INTO_OUTFILE_NOT_ALLOWED = 358
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
INVALID_SESSION_TIMEOUT = 374
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
UNKNOWN_EXCEPTION = 1002

# The same table as ClickHouse's HTTP handler; whatever is not named here is 500.
_CODES_BY_STATUS: dict[int, tuple[int, ...]] = {
    400: (6, 25, 26, 27, 32, 36, 37, 38, 41, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441),
    401: (194,),
    403: (192, 193, 497, 512, 516),
    404: (46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 139, 152, 336),
    408: (159,),
    413: (229,),
    501: (48,),
    503: (76, 202, 209, 236),
}
_STATUS_BY_CODE = {code: status for status, codes in _CODES_BY_STATUS.items() for code in codes}
_CODE = re.compile(r"Code: (\d+)\.")
_REPEATED_VERSION = re.compile(r" \(version [\d.]+\)\s*$")


class ClickHouseError(Exception):
    """An error as ClickHouse words it: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status ClickHouse answers with this code."""
        return _STATUS_BY_CODE.get(self.code, 500)


def error(code: int, name: str, message: str) -> ClickHouseError:
    """An error of the front itself, worded like the engine's."""
    return ClickHouseError(code, f"Code: {code}. DB::Exception: {message}. ({name})")


def from_engine(message: str) -> ClickHouseError:
    """The error the engine reported, without what chDB wraps around it."""
    found = _CODE.search(message)
    if found is None:
        return error(UNKNOWN_EXCEPTION, "UNKNOWN_EXCEPTION", message.strip() or "the engine gave no reason")
    return ClickHouseError(int(found.group(1)), _REPEATED_VERSION.sub("", message[found.start() :]).rstrip())

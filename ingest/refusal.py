"""Why a request cannot be used, as it is told to the caller. Pure."""

_SHOWN = 80


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of ours
    """A request that is answered with an error: HTTP status, a closed word, and what would be right."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def bad_value(code: str, parameter: str, value: str, wanted: str) -> Refusal:
    """A 400 that names the parameter, its value (cut) and what would be right."""
    return Refusal(400, code, f"{parameter}={shown(value)}: {wanted}")


def shown(value: str) -> str:
    """A value as it may stand in an error: quoted, cut, without control characters."""
    if len(value) <= _SHOWN:
        return repr(value)[: _SHOWN * 2]
    return f"{repr(value[:_SHOWN])[: _SHOWN * 2]}… ({len(value)} characters)"

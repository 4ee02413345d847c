"""[reports]: how reports are asked where nothing else is said. Pure."""

from schemas.settings.rates import Code
from schemas.settings.values import Section


class Reports(Section):
    """What counts for every report of the command line and of the pages."""

    currency: Code | None = None  # all money in this one, by [rates]; None: each amount in its own

"""How often Python looks for garbage in a process that goes through batches of records."""

import gc


def collect_seldom() -> None:
    """Batches of thousands of records look like garbage piling up: by default a tenth of the time goes into looking."""
    gc.collect()
    gc.freeze()  # what is there now stays
    gc.set_threshold(50_000, 50, 100)

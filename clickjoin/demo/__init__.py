"""A story to watch: traffic of three sources, two networks that report it badly, and a source that gets our postbacks.

`story` (pure) makes up who clicks, what is reported of it and what must come of it. `traffic` sends it over HTTP,
`stand_in` receives the source postbacks, `compare` holds ClickHouse and the stand-in against the story's own account,
`show` draws the funnel, `run` puts it together.
"""

from clickjoin.demo.run import run_demo

__all__ = ["run_demo"]

"""Everything that a role imports. Importing starts nothing: a process that holds all of this can be forked."""

import gc
import threading

import faust

import clickjoin.catalogue.follow
import clickjoin.cli.app
import clickjoin.cli.roles
import clickjoin.pages
import dashboard.run
import ingest.__main__
import streams.agents.emit
import streams.agents.join
import streams.agents.sink
import streams.main
import streams.worker

__all__ = ["clickjoin", "dashboard", "ingest", "streams"]
assert faust.App
assert faust.Worker
assert threading.active_count() == 1, "importing has started a thread"
gc.collect()
gc.freeze()

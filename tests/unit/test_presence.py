"""A broker that goes away is said once, and so is its coming back."""

import logging
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from streams.adapters.presence import Presence, listen_to_library

AWAY = "Unable connect to node with id 1: [Errno 111] Connection refused"


@pytest.fixture
def presence() -> Iterator[Presence]:
    library = logging.getLogger("aiokafka")
    before = library.propagate, library.handlers
    presence = Presence("broker:9092")
    listen_to_library(presence)
    yield presence
    library.propagate, library.handlers = before


class Lines(logging.Handler):
    """What reaches the handlers of the root logger, which is where all logs go."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    logging.getLogger().addHandler(lines)
    yield lines
    logging.getLogger().removeHandler(lines)


def test_a_thousand_messages_of_an_outage_are_one_line_with_the_address(presence: Presence) -> None:
    with capture_logs() as said:
        for _ in range(1000):
            logging.getLogger("aiokafka").error(AWAY)
            logging.getLogger("aiokafka.consumer.fetcher").error("Failed fetch messages from 1: NodeNotReadyError: …")
    assert said == [{"event": "kafka_away", "log_level": "warning", "servers": "broker:9092"}]


def test_coming_back_is_said_once_and_only_after_an_outage(presence: Presence) -> None:
    with capture_logs() as said:
        presence.back()
        logging.getLogger("aiokafka").error(AWAY)
        presence.back()
        presence.back()
        logging.getLogger("aiokafka").error(AWAY)
    assert [line["event"] for line in said] == ["kafka_away", "kafka_is_back", "kafka_away"]


def test_what_a_rebalance_brings_with_it_is_not_said(presence: Presence, lines: Lines) -> None:
    with capture_logs() as said:
        logging.getLogger("aiokafka.consumer.group_coordinator").error("Group Coordinator Request failed: [Error 15]")
    assert said == []
    assert lines.messages == []


def test_anything_else_goes_where_all_logs_go(presence: Presence, lines: Lines) -> None:
    logging.getLogger("aiokafka.producer.producer").error("something nobody expected")
    assert lines.messages == ["something nobody expected"]

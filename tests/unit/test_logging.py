import json
import subprocess
import sys
from urllib.parse import quote

import pytest

SECRETS = ["hunter2-key", 'quo"te\\key', "pä ss/&word"]

SAY = """
import logging, sys, structlog
from clickjoin.logging import configure_logging
secrets = {secrets!r}
configure_logging(secrets, role="join")
{body}
"""


def logged(body: str) -> tuple[str, str]:
    """What a process that runs this body writes: (standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-c", SAY.format(secrets=SECRETS, body=body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout, done.stderr


def test_logs_are_json_on_standard_error_with_the_role() -> None:
    out, err = logged("structlog.get_logger().info('partition_open', at=3)")
    assert out == ""
    line = json.loads(err)
    assert (line["event"], line["at"], line["role"], line["level"]) == ("partition_open", 3, "join", "info")


def test_libraries_log_warnings_the_same_way_and_nothing_less() -> None:
    _, err = logged("logging.getLogger('faust').info('chatter'); logging.getLogger('faust').warning('slow')")
    [line] = map(json.loads, err.splitlines())
    assert (line["event"], line["logger"], line["level"], line["role"]) == ("slow", "faust", "warning", "join")


def test_a_library_that_sets_its_own_level_logs_no_more_than_the_others() -> None:
    quiet = "configure_logging((), libraries=logging.CRITICAL); logging.getLogger('urllib3').setLevel(logging.WARNING)"
    assert logged(f"{quiet}; logging.getLogger('urllib3.connectionpool').warning('Retrying')") == ("", "")


@pytest.mark.parametrize(
    "body",
    [
        "structlog.get_logger().error('failed', url='https://h/?key=' + found)",
        "structlog.get_logger().error('failed', request={'headers': [found]})",
        "logging.getLogger('urllib3').warning('GET %s', found)",
        "raise RuntimeError(found)",
    ],
)
def test_a_secret_never_reaches_a_log_in_any_spelling(body: str) -> None:
    spellings = [*SECRETS, *(quote(secret, safe="") for secret in SECRETS)]
    _, err = logged(f"found = ' '.join({spellings!r})\n{body}")
    [line] = map(json.loads, err.splitlines())
    assert not any(spelling in str(line) for spelling in spellings)
    assert "*** *** ***" in str(line)

"""`clickjoin alerts` as a process: what it waits for, reads again, and ends by."""

import signal
import subprocess
import sys
from pathlib import Path

from clickjoin.data_folder import looked_file
from clickjoin.embedded.ports import free_port
from tests.polling import until

_CONFIG = """
[clickhouse]
url = "http://127.0.0.1:{port}"
[ingest]
secrets = ["0123456789abcdef0123456789abcdef"]
[events.install]
step = 1
[webhooks.ops]
url = "https://ops.example/alerts"
secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
[alerts.{alert}]
rule = "step"
webhook = "ops"
event = "install"
within = "1h"
"""


def test_it_waits_for_clickhouse_reads_again_at_sighup_keeps_what_was_right_and_ends_at_sigterm(tmp_path: Path) -> None:
    port, config, log = free_port(), tmp_path / "clickjoin.toml", tmp_path / "log"
    config.write_text(_CONFIG.format(port=port, alert="installs"))
    command = [sys.executable, "-m", "clickjoin", "alerts", "--config", str(config), "--data", str(tmp_path / "data")]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        waits = "alerts_wait_for_clickhouse"
        until(lambda: process.poll() is not None or waits in log.read_text(), 20, "it says what it waits for")
        assert f"127.0.0.1:{port}" in log.read_text()
        until(looked_file(tmp_path / "data").exists, 20, "it says when it looked, although it listens nowhere")
        config.write_text(_CONFIG.format(port=port, alert="installs").replace('"step"', '"stride"'))
        process.send_signal(signal.SIGHUP)
        until(lambda: "configuration_kept" in log.read_text(), 20, "a wrong file changes nothing")
        assert "alerts.installs" in log.read_text()
        assert "stride" in log.read_text()
        config.write_text(_CONFIG.format(port=port, alert="steps"))
        process.send_signal(signal.SIGHUP)
        until(lambda: "configuration_reloaded" in log.read_text(), 20, "a right one is taken")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()
        assert log.read_text().count("alerts_wait_for_clickhouse") == 1, "said once"
    finally:
        process.kill()
        process.wait(20)

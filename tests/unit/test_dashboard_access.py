"""Who may come in by which name, and how those who guess are slowed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from clickjoin.cli.app import app
from dashboard.access import FREE_TRIES, host_of, is_from_our_page, may_come_by, pause_after, safe_path
from dashboard.passwords import NOBODY, hashed, is_right
from dashboard.sessions import SECONDS, Failures, Sessions
from presets.load import load_settings
from schemas.settings.validation import validate


@pytest.mark.parametrize("host", ["127.0.0.1:8081", "localhost", "[::1]:8081", "127.0.0.2"])
def test_a_name_of_this_machine_is_ours(host: str) -> None:
    assert may_come_by(host, has_users=False)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8081", "10.0.0.1", "", "127.0.0.1.evil.example"]
)
def test_another_name_is_ours_only_where_there_are_users(host: str) -> None:
    assert not may_come_by(host, has_users=False)
    assert may_come_by(host, has_users=True)
    assert host_of("[::1]:1") == "[::1]"


def test_a_form_comes_from_our_own_page() -> None:
    assert is_from_our_page("same-origin", "http://a:1", "a:1")
    assert is_from_our_page("", "", "a:1")
    assert not is_from_our_page("cross-site", "", "a:1")
    assert not is_from_our_page("same-site", "http://b.a", "a:1")
    assert not is_from_our_page("", "http://evil.example", "a:1")
    assert not is_from_our_page("", "null", "a:1")


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb", ""]
)
def test_a_login_leads_nowhere_else(path: str) -> None:
    assert safe_path(path) == "/"
    assert safe_path("/funnel?campaign=a") == "/funnel?campaign=a"


def test_each_wrong_password_makes_the_next_try_wait_longer() -> None:
    now = [100.0]
    failures = Failures(lambda: now[0])
    pauses = []
    for _ in range(FREE_TRIES + 3):
        failures.count("user anna", "address 192.0.2.1")
        pauses.append(failures.pause("user anna"))
    assert pauses == [0.0] * (FREE_TRIES - 1) + [2.0, 4.0, 8.0, 16.0]
    assert failures.pause("user ben", "address 192.0.2.1") == 16.0
    assert failures.pause("user ben") == 0.0
    now[0] += 16
    assert failures.pause("user anna") == 0.0
    failures.forget("user anna")
    assert pause_after(1000) == 60.0


def test_a_session_lasts_half_a_day_and_ends_when_one_leaves() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    (cookie, session), (other, _) = sessions.begin("anna", "act"), sessions.begin("ben", "read")
    assert sessions.find(cookie) == session
    sessions.end(cookie)
    assert sessions.find(cookie) is None
    now[0] = SECONDS + 1
    assert sessions.find(other) is None


def test_a_password_is_known_by_its_hash_alone() -> None:
    known = hashed("correct horse")
    assert "correct" not in known
    assert (is_right("correct horse", known), is_right("wrong", known), is_right("wrong", None)) == (True, False, False)
    assert not is_right("nobody has this password", None)
    assert NOBODY.rpartition("$")[0].rpartition("$")[0] == known.rpartition("$")[0].rpartition("$")[0]  # takes as long


def test_an_address_that_others_reach_demands_users() -> None:
    _, problems = validate({"dashboard": {"listen": "0.0.0.0:8081"}}, {})
    assert [problem.path for problem in problems] == ["dashboard"]
    assert "clickjoin dashboard user add" in problems[0].message
    users = {"anna": {"password": "$argon2id$v=19$m=1,t=1,p=1$YWJj$YWJj", "role": "act"}}
    assert validate({"dashboard": {"listen": "0.0.0.0:8081", "users": users}}, {})[1] == []
    _, problems = validate({"dashboard": {"users": {"anna": {"password": "in plain text"}}}}, {})
    assert "in plain text" not in str(problems)
    assert "clickjoin dashboard user add NAME" in problems[0].message


def test_a_user_is_added_to_the_file_with_a_hash_and_what_was_there_stays(tmp_path: Path) -> None:
    config = tmp_path / "clickjoin.toml"
    config.write_text('# mine\n[dashboard]\nzone = "Europe/Berlin"\n')
    typed = ["dashboard", "user", "add", "anna", "--role", "act", "--config", str(config)]
    done = CliRunner().invoke(app, typed, input="correct horse\ncorrect horse\n")
    assert done.exit_code == 0, done.output
    settings = load_settings(config, {})
    assert is_right("correct horse", settings.dashboard.users["anna"].hash)
    assert (settings.dashboard.users["anna"].role, settings.dashboard.zone) == ("act", "Europe/Berlin")
    assert config.read_text().startswith("# mine\n")
    assert "correct horse" not in config.read_text() + done.output
    assert CliRunner().invoke(app, typed, input="correct horse\ncorrect horse\n").exit_code == 2
    refused = [("short", "act", "short"), ("Anna!", "act", "correct horse"), ("ben", "owner", "correct horse")]
    for name, role, password in refused:
        typed = ["dashboard", "user", "add", name, "--role", role, "--config", str(config)]
        assert CliRunner().invoke(app, typed, input=f"{password}\n{password}\n").exit_code == 2
    assert set(load_settings(config, {}).dashboard.users) == {"anna"}

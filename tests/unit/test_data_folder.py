import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from clickjoin.data_folder import SECRET_FILE, ensure_secret, with_kept_secret
from schemas.ids import mint_click_id, verify_click_id
from schemas.settings.file import Settings
from schemas.settings.servers import Ingest, Kafka


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = ensure_secret(tmp_path / "data")
    assert ensure_secret(tmp_path / "data") == first
    assert len(first) == 32
    assert stat.S_IMODE((tmp_path / "data" / SECRET_FILE).stat().st_mode) == 0o600
    assert ensure_secret(tmp_path / "other") != first


def test_all_who_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ensure_secret, [tmp_path] * 64))
    assert len(set(found)) == 1
    assert [file.name for file in tmp_path.iterdir()] == [SECRET_FILE]


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / SECRET_FILE).touch()
    with pytest.raises(ValueError, match="is empty: remove it"):
        ensure_secret(tmp_path)


def test_with_the_embedded_kafka_click_ids_get_the_secret_of_the_folder(tmp_path: Path) -> None:
    [secret] = with_kept_secret(Settings(), tmp_path).ingest.secrets
    assert secret.get_secret_value() == ensure_secret(tmp_path)


def test_a_configured_secret_or_a_broker_of_ones_own_makes_none(tmp_path: Path) -> None:
    configured = Settings(ingest=Ingest(secrets=(SecretStr("configured"),)))
    assert with_kept_secret(configured, tmp_path) is configured
    external = Settings(kafka=Kafka(bootstrap="broker:9092"))
    assert with_kept_secret(external, tmp_path) is external
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [1, 32, 33, 64, 1000])
def test_a_secret_of_any_length_mints_click_ids(length: int) -> None:
    secret = b"s" * length
    click_id = mint_click_id(secret, 1_700_000_000_000, bytes(8))
    assert verify_click_id(click_id, (b"another", secret))
    assert not verify_click_id(click_id, (b"another", secret + b"s"))

"""What every command about partners goes by: the file and the catalogue, and the secret by which URLs are signed."""

from pathlib import Path

from clickjoin.cli.options import WRONG, fail, load, load_for
from clickjoin.data_folder import SECRET_FILE
from schemas.settings.file import Settings


def partner_settings(config: Path, data: Path) -> Settings:
    """Exits with 2 where a folder is named that has no secret: made anew, it would verify nobody's URL."""
    alone = load(config)
    if alone.kafka.is_embedded and not alone.ingest.secrets and not (data / SECRET_FILE).exists():
        fail(f"{data} holds no secret of the click IDs: name the folder of `clickjoin up` with --data DIR", WRONG)
    return load_for("partners", config, data=data, catalogue=data, quiet=True)

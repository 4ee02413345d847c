"""[kafka], [clickhouse], [ingest], [emit], [metrics]: where things run. Pure."""

import re
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, Field, SecretStr

from schemas.settings.request_rates import RequestRateText
from schemas.settings.retention import Retention
from schemas.settings.secrets import Secret, SecretUrl
from schemas.settings.sending import Schedule, Wait
from schemas.settings.values import Address, AddressRange, BaseUrl, Duration, Section

EMBEDDED = "embedded"
DATABASE = "clickjoin"
DEFAULT_SCHEDULE = (0, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000)
_BROKERS = re.compile(r"[^\s,:/]+:\d{1,5}(?:,[^\s,:/]+:\d{1,5})*", re.ASCII)


def _brokers(text: str) -> str:
    if text != EMBEDDED and not _BROKERS.fullmatch(text):
        raise ValueError('write "embedded", or the addresses of your brokers: "broker1:9092,broker2:9092"')
    return text


def _clickhouse_url(secret: SecretStr) -> SecretStr:
    wanted = 'write "embedded", or a URL like "https://user:env:CH_PASSWORD@host:8443/clickjoin"'
    text = secret.get_secret_value()
    if text == EMBEDDED:
        return secret
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError:
        raise ValueError(wanted) from None
    if url.scheme not in ("http", "https") or not host:
        raise ValueError(wanted)
    if url.path.strip("/") not in ("", DATABASE):
        raise ValueError(f"the database is called {DATABASE}: end the URL with /{DATABASE}")
    return SecretStr(urlunsplit(url._replace(path=f"/{DATABASE}")))


class KafkaSecurity(Section):
    """TLS and SASL towards the broker."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    username: str = ""
    password: Secret = SecretStr("")
    ca_file: str = ""  # of the authority that signed the brokers' certificates; empty: those that the system trusts

    @property
    def has_password(self) -> bool:
        """Whether one is given."""
        return bool(self.password.get_secret_value())


class Kafka(Section):
    """The broker: embedded, or the addresses of yours."""

    bootstrap: Annotated[str, AfterValidator(_brokers)] = EMBEDDED
    port: int = Field(9092, ge=1, le=65535)  # of the embedded one
    jars: str = ""  # a folder of Kafka's jars, where Maven Central cannot be reached
    partitions: int = Field(8, ge=1, le=1024)
    replication: int = Field(1, ge=1, le=9)
    session_timeout: Duration = Field(10_000, ge=6_000)  # then a silent worker is dead; brokers take no less
    security: KafkaSecurity = KafkaSecurity()

    @property
    def is_embedded(self) -> bool:
        """Whether `up` starts it."""
        return self.bootstrap == EMBEDDED

    @property
    def servers(self) -> str:
        """The bootstrap addresses, the embedded one's included."""
        return f"127.0.0.1:{self.port}" if self.is_embedded else self.bootstrap


class ClickHouse(Section):
    """The database: embedded, or the URL of yours (with its database as the path)."""

    url: Annotated[SecretUrl, AfterValidator(_clickhouse_url)] = SecretStr(EMBEDDED)  # may hold a password
    ca_file: str = ""  # of the authority that signed its certificate; empty: those that certifi knows
    port: int = Field(8123, ge=1, le=65535)  # of the embedded one
    retention: Retention = Retention()

    @property
    def is_embedded(self) -> bool:
        """Whether `up` starts it."""
        return self.url.get_secret_value() == EMBEDDED

    @property
    def dsn(self) -> str:
        """The URL to connect to. It may hold a password: never log it."""
        if self.is_embedded:
            return f"http://default@127.0.0.1:{self.port}/{DATABASE}"
        url = self.url.get_secret_value()
        return f"{url}{'&' if '?' in url else '?'}ca_cert={quote(self.ca_file, safe='')}" if self.ca_file else url


class Ingest(Section):
    """The HTTP endpoint."""

    listen: Address = "127.0.0.1:8080"
    public_url: BaseUrl = "http://127.0.0.1:8080"
    trusted_proxies: tuple[AddressRange, ...] = ()  # whose X-Forwarded-For, and [geo] headers, are believed
    secrets: tuple[Secret, ...] = ()  # of the click IDs: the first mints, all verify
    wait: Duration = 86_400_000  # how long a postback waits for its click
    default_network: str = ""  # who calls /postback without a name
    max_url_bytes: int = Field(8192, ge=256)
    max_header_bytes: int = Field(65536, ge=8192)  # of the URL and all headers together
    max_body_bytes: int = Field(65536, ge=256)
    max_batch_bytes: int = Field(1 << 20, ge=256)  # of a body that holds several clicks or postbacks
    read_timeout: Duration = Field(10_000, ge=1)  # so long the headers may take to come, and the body after them
    workers: int = Field(1, ge=1, le=64)  # processes that share the port
    address_limit: RequestRateText | None = None  # of the calls of one address that prove nothing
    # Longer than a broker of good health ever pauses, even to elect a leader; far shorter than any network waits.
    spool_after: Duration = Field(1_000, ge=1)  # so long a record waits for the broker, then it goes into the spool
    spool_bytes: int = Field(1 << 30, ge=1 << 16)  # bound of the spool's file; what is beyond is answered with 503
    publish_timeout: Duration = 10_000  # then 503, where the spool refuses too
    click_timeout: Duration = 500  # as spool_after, for visitors; they are redirected all the same


class Emit(Section):
    """Sending source postbacks."""

    allow: tuple[AddressRange, ...] = ()  # private addresses that may be called all the same
    schedule: Schedule = DEFAULT_SCHEDULE  # waits before each attempt
    hold: Wait = 604_800_000  # so long what cannot be told yet (no rate) waits, then it expires
    connect_timeout: Duration = Field(3_000, ge=1)  # 0 would be no time-out at all to libcurl
    timeout: Duration = Field(10_000, ge=1)
    concurrency: int = Field(64, ge=1, le=1024)  # per destination, whose own [….sending] may say otherwise
    max_open: int = Field(2048, ge=1)  # per worker


class Metrics(Section):
    """Where each worker answers about its health and what it counts (ingest does where it listens anyway)."""

    join: Address = "127.0.0.1:9101"
    sink: Address = "127.0.0.1:9102"
    emit: Address = "127.0.0.1:9103"

    def listen(self, role: str) -> str:
        """The address of a role."""
        return {"join": self.join, "sink": self.sink, "emit": self.emit}[role]


def ports_in_use(kafka: Kafka, clickhouse: ClickHouse, ingest: Ingest, metrics: Metrics) -> list[tuple[str, int]]:
    """The ports that `up` opens on this machine: (key in the file, port)."""
    listens = {"ingest.listen": ingest.listen}
    listens |= {f"metrics.{role}": metrics.listen(role) for role in ("join", "sink", "emit")}
    ports = [(key, int(listen.rpartition(":")[2])) for key, listen in listens.items()]
    if kafka.is_embedded:
        ports.append(("kafka.port", kafka.port))
    if clickhouse.is_embedded:
        ports.append(("clickhouse.port", clickhouse.port))
    return ports

"""The whole of `clickjoin.toml`. Pure."""

from typing import Self

from pydantic import Field, PrivateAttr

from schemas.catalogue import NONE
from schemas.settings.alerts import Alert
from schemas.settings.conversion_apis import ConversionApi
from schemas.settings.dashboard import Dashboard
from schemas.settings.geo import Geo
from schemas.settings.landers import Lander
from schemas.settings.partners import Partner
from schemas.settings.postbacks import Source
from schemas.settings.privacy import Privacy
from schemas.settings.rates import RateTable
from schemas.settings.reports import Reports
from schemas.settings.servers import ClickHouse, Emit, Ingest, Kafka, Metrics
from schemas.settings.traffic import Campaign, EventSettings, Network, Offer
from schemas.settings.values import ConfigName, Section
from schemas.settings.webhooks import Webhook
from schemas.values import LANDER_CLICK


class Settings(Section):
    """Everything that is configured, presets merged in, secrets resolved."""

    kafka: Kafka = Kafka()
    clickhouse: ClickHouse = ClickHouse()
    ingest: Ingest = Ingest()
    geo: Geo = Geo()
    privacy: Privacy = Privacy()
    emit: Emit = Emit()
    metrics: Metrics = Metrics()
    dashboard: Dashboard = Dashboard()
    rates: RateTable = Field(default_factory=dict)
    reports: Reports = Reports()
    events: dict[ConfigName, EventSettings] = Field(default_factory=dict)
    networks: dict[ConfigName, Network] = Field(default_factory=dict)
    sources: dict[ConfigName, Source] = Field(default_factory=dict)
    webhooks: dict[ConfigName, Webhook] = Field(default_factory=dict)
    conversion_apis: dict[ConfigName, ConversionApi] = Field(default_factory=dict)
    partners: dict[ConfigName, Partner] = Field(default_factory=dict)
    alerts: dict[ConfigName, Alert] = Field(default_factory=dict)
    offers: dict[ConfigName, Offer] = Field(default_factory=dict)
    landers: dict[ConfigName, Lander] = Field(default_factory=dict)
    campaigns: dict[ConfigName, Campaign] = Field(default_factory=dict)
    _catalogue_version: int = PrivateAttr(default=NONE)

    @property
    def catalogue_version(self) -> int:
        """The version of the catalogue that is in it."""
        return self._catalogue_version

    def with_catalogue(self, version: int) -> Self:
        """The same, known to hold this version of the catalogue."""
        other = self.model_copy()
        other._catalogue_version = version
        return other

    @property
    def funnel(self) -> tuple[str, ...]:
        """The configured events by their step; first what happens on a lander, unless it has a step of its own."""
        has_landers = bool(self.landers) and LANDER_CLICK not in self.events
        own = (LANDER_CLICK,) if has_landers else ()
        return own + tuple(sorted(self.events, key=lambda name: (self.events[name].step, name)))

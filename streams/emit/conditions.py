"""Which conversions a source is told of, and which it could be told of but not like this. Pure."""

from typing import NamedTuple

from schemas.records import Click, Conversion, Outcome
from schemas.settings.conversion_apis import ConversionApi
from schemas.settings.postbacks import Also, SourcePostback
from schemas.settings.values import Money
from schemas.settings.webhooks import Webhook
from schemas.values import Millis


class Conditions(NamedTuple):
    """Of one postback of a source. An empty set: any."""

    events: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    min_payout: Money | None = None
    max_payout: Money | None = None
    also: frozenset[Also] = frozenset()
    currencies: frozenset[str] = frozenset()
    max_click_age_ms: Millis | None = None
    sources: frozenset[str] = frozenset()
    max_event_age_ms: Millis | None = None
    refunds: bool = True
    amount_changes: bool = False

    def fit(self, outcome: Outcome, click: Click, conversion: Conversion) -> bool:
        """Whether the source wants to be told. A bound in another currency than the amount's bounds nothing."""
        return (
            conversion.status in self.statuses
            and self._is_news(outcome, conversion)
            and self._is_asked_for(outcome, click, conversion)
            and (not self.events or conversion.event in self.events)
            and (not self.sources or click.source in self.sources)
            and (not self.campaigns or click.campaign in self.campaigns)
            and (not self.countries or click.country.upper() in self.countries)
            and (not self.networks or conversion.network in self.networks)
            and (self.refunds or (conversion.payout or 0) >= 0)
            and self._is_between(conversion)
        )

    def why_not(self, outcome: Outcome, click: Click, conversion: Conversion) -> str:
        """The reason for which what it wants to be told cannot be sent; empty where it can."""
        age_ms = outcome.decided_at - click.clicked_at
        if self.max_click_age_ms is not None and age_ms > self.max_click_age_ms:
            return f"click_too_old: {age_ms // 1000} s, at most {self.max_click_age_ms // 1000} s are wanted"
        age_ms = outcome.decided_at - conversion.occurred_at
        if self.max_event_age_ms is not None and age_ms > self.max_event_age_ms:
            return f"event_too_old: {age_ms // 1000} s, at most {self.max_event_age_ms // 1000} s are taken"
        if not (conversion.payout and (self.currencies or self.min_payout or self.max_payout)):
            return ""
        bounds = {bound.currency for bound in (self.min_payout, self.max_payout) if bound}
        if bounds - {conversion.currency}:
            return f"other_currency: {conversion.currency}, its bounds are in {' and '.join(sorted(bounds))}"
        if self.currencies and conversion.currency not in self.currencies:
            return f"other_currency: {conversion.currency}, wanted is {' or '.join(sorted(self.currencies))}"
        return ""

    def _is_news(self, outcome: Outcome, conversion: Conversion) -> bool:
        """Credited, or another status; where that is asked for, another amount of the same status."""
        if outcome.outcome == "attributed":
            return True
        return outcome.outcome == "updated" and (self.amount_changes or outcome.previous_status != conversion.status)

    def _is_asked_for(self, outcome: Outcome, click: Click, conversion: Conversion) -> bool:
        """Live and no test, or explicitly wanted all the same."""
        origin = outcome.postback.origin
        if origin and origin not in self.also:
            return False
        is_test = outcome.postback.is_test or click.is_test or conversion.is_test
        return not is_test or "test" in self.also

    def _is_between(self, conversion: Conversion) -> bool:
        if self.min_payout is None and self.max_payout is None:
            return True
        amount = conversion.payout or 0
        low, high = (
            bound.amount if bound and (not amount or bound.currency == conversion.currency) else None
            for bound in (self.min_payout, self.max_payout)
        )
        return (low is None or amount >= low) and (high is None or amount <= high)


def conditions_of(postback: SourcePostback) -> Conditions:
    """The conditions of a configured postback."""
    return Conditions(
        frozenset(postback.events),
        frozenset(postback.statuses),
        frozenset(postback.campaigns),
        frozenset(country.upper() for country in postback.countries),
        frozenset(postback.networks),
        postback.min_payout,
        postback.max_payout,
        frozenset(postback.also),
        frozenset(postback.currencies),
        postback.max_click_age,
        amount_changes=postback.amount_changes,
    )


def conditions_of_webhook(webhook: Webhook) -> Conditions:
    """The conditions of a configured webhook."""
    return Conditions(
        events=frozenset(webhook.events),
        statuses=frozenset(webhook.statuses if webhook.conversions else ()),
        campaigns=frozenset(webhook.campaigns),
        countries=frozenset(country.upper() for country in webhook.countries),
        networks=frozenset(webhook.networks),
        also=frozenset(webhook.also),
        sources=frozenset(webhook.sources),
        amount_changes=webhook.amount_changes,
    )


def conditions_of_conversion_api(api: ConversionApi) -> Conditions:
    """The conditions of a configured conversion API. It has no word for a refund."""
    return Conditions(
        events=frozenset(api.events),
        statuses=frozenset(api.statuses),
        campaigns=frozenset(api.campaigns),
        countries=frozenset(country.upper() for country in api.countries),
        networks=frozenset(api.networks),
        also=frozenset(api.also),
        max_click_age_ms=api.max_click_age,
        sources=frozenset(api.sources),
        max_event_age_ms=api.max_event_age,
        refunds=False,
    )

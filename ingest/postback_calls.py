"""/postback: check, normalise, record, answer. Never a redirect; 200 only once it is stored."""

from collections.abc import Awaitable
from functools import partial

import structlog

from ingest.auth import check_access, is_listed, proves
from ingest.chance import RandomBytes, now_ms
from ingest.encryption import decrypt
from ingest.exchange import Answer, Exchange, json_answer
from ingest.group import NotStored
from ingest.keeper import Keeper, not_stored
from ingest.normalize_postback import normalize_postback
from ingest.own_tests import access_of_test, marked, own_test
from ingest.parameters import Params, in_their_words
from ingest.plans import Access, NetworkPlan, Plans
from ingest.refusal import Refusal, shown
from ingest.several import Sender, record_each
from ingest.signatures import check_signature
from ingest.spool_file import Record
from ingest.store import Store
from ingest.throttle import Throttle, TooMany, too_many
from schemas.ids import record_id
from schemas.own_test import HEADER as TEST_HEADER
from schemas.records import Postback
from schemas.settings.servers import Ingest
from schemas.topics import EVENTS
from schemas.wire import encode

_MOST_NAMED = 1000

log = structlog.get_logger()


class PostbackCalls:
    """Answers the networks."""

    def __init__(
        self, plans: Plans, store: Store, keeper: Keeper, random: RandomBytes, throttle: Throttle, limits: Ingest
    ) -> None:
        self._random = random
        self._throttle = throttle
        self._store = store
        self._keeper = keeper
        self._named: set[tuple[str, str]] = set()
        self.use(plans, limits)

    def use(self, plans: Plans, limits: Ingest) -> None:
        """Answer by these from now on."""
        self._plans, self._limits = plans, limits

    async def answer(self, exchange: Exchange) -> Answer:
        """Answer one call."""
        plan = self.plan(exchange.name or self._plans.default_network)
        try:
            if plan is None:
                raise self._unknown(exchange.name)
            test = own_test(exchange.header(TEST_HEADER), self._plans.secrets)
            access = access_of_test(plan.access) if test else plan.access
            params = self._admit(plan, access, exchange)
            if exchange.method not in ("GET", "HEAD"):
                several = await self._read(plan, access, exchange, params)
                if len(several) != 1:
                    return await self._record_many(plan, exchange, several, test)
                params = several[0]
            record = self._normalize(plan, params, test)
            exchange.click_id = record.click_id
            if not exchange.is_head:
                await self.publish(record)
            return json_answer(200, {"status": "accepted", "postback_id": record.postback_id})
        except Refusal as refusal:
            network, secret = (plan.name, plan.access.key) if plan else (exchange.name[:64], None)
            limits = self._limits
            return await self._keeper.refuse(exchange, refusal, network=network, secret=secret, limits=limits)
        except TooMany as error:
            return too_many(error)
        except NotStored as error:
            return not_stored(error)

    def plan(self, network: str) -> NetworkPlan | None:
        """How the postbacks of a network are read."""
        return self._plans.networks.get(network)

    def read(self, plan: NetworkPlan, exchange: Exchange, *, our_words: bool = False) -> Postback:
        """The postback in a URL, whoever may call. Raises Refusal, TooMany. our_words: it may be said in ours, too."""
        self._count(plan, exchange, has_proved=False)
        params = self._query(plan, exchange)
        return self._normalize(plan, in_their_words(plan.names, params) if our_words else params)

    def _query(self, plan: NetworkPlan, exchange: Exchange) -> Params:
        return exchange.query_params(self._limits.max_url_bytes, last=plan.last)

    def _admit(self, plan: NetworkPlan, access: Access, exchange: Exchange) -> Params:
        """The parameters in the URL of a caller that may call. Raises Refusal, TooMany."""
        query = self._query(plan, exchange)
        key = exchange.key(query)
        # What the server has to be asked for is asked for where it counts.
        check_access(
            access, key, exchange.peer if access.allow else "", "" if key else exchange.header("authorization")
        )
        if access.only_logs and not is_listed(access, exchange.peer):
            self._name(plan.name, exchange)
        self._count(plan, exchange, has_proved=proves(access))
        if exchange.method in ("GET", "HEAD"):
            _open(access, exchange, b"")
        elif exchange.method != "POST":
            raise Refusal(405, "method_not_allowed", f"{exchange.method[:20]} is not answered here: use GET or POST")
        return query

    async def _read(self, plan: NetworkPlan, access: Access, exchange: Exchange, query: Params) -> list[Params]:
        """The parameters of each postback in the body, beneath those of the query. Raises Refusal."""
        opened = partial(_open, access, exchange)
        return await exchange.read_params(self._limits, query, last=plan.last, opened=opened)

    def _count(self, plan: NetworkPlan, exchange: Exchange, *, has_proved: bool) -> None:
        """Raises TooMany. has_proved: whether whoever may call has shown that he is this network."""
        if self._throttle.by_address and not has_proved:
            self._throttle.address(exchange)
        if self._throttle.by_network:
            self._throttle.network(plan.name)

    def _name(self, network: str, exchange: Exchange) -> None:
        """Say once of an address that its network's allow does not have it."""
        address = exchange.peer
        if (network, address) not in self._named and len(self._named) < _MOST_NAMED:
            self._named.add((network, address))
            exchange.request_id = record_id(now_ms(), self._random(10))
            log.warning("address_not_allowed", address=address, let_in=True, **exchange.names() | {"network": network})

    def _normalize(self, plan: NetworkPlan, params: Params, test: str = "") -> Postback:
        at_ms = now_ms()
        postback_id = record_id(at_ms, self._random(10))
        secrets = self._plans.secrets
        return marked(normalize_postback(plan, params, secrets, postback_id=postback_id, now_ms=at_ms), test)

    def publish(self, record: Postback) -> Awaitable[None]:
        """To be waited for until it is stored. Raises NotStored."""
        key = record.click_id or record.postback_id
        return self._store.put(Record(EVENTS, key.encode(), encode(record)))

    async def _record_many(self, plan: NetworkPlan, exchange: Exchange, several: list[Params], test: str) -> Answer:
        sender = Sender(network=plan.name, secret=plan.access.key)
        good, refused = await record_each(
            self._keeper, exchange, sender, several, lambda params: self._normalize(plan, params, test), self.publish
        )
        content: dict[str, object] = {"status": "accepted", "postback_ids": [record.postback_id for record in good]}
        return json_answer(200, content | ({"refused": refused} if refused else {}))

    def _unknown(self, name: str) -> Refusal:
        if not name:
            return Refusal(404, "no_default_network", "call /postback/{network}, or set ingest.default_network")
        return Refusal(404, "unknown_network", f"there is no networks.{shown(name)} in the configuration")


def _open(access: Access, exchange: Exchange, body: bytes) -> bytes:
    """A body that is signed as it has to be, to be read. Raises Refusal."""
    if access.signature:
        check_signature(access.signature, exchange.header, exchange.query, body, now_ms())
    return decrypt(access.encryption, body) if access.encryption else body

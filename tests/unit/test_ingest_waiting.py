"""Many who wait for one answer."""

import asyncio

from ingest.waiting import Shared


def test_whoever_waits_long_enough_is_answered_and_who_does_not_is_told_that_it_took_too_long() -> None:
    async def tried() -> list[bool]:
        answer = Shared(asyncio.get_running_loop())
        patient, also_patient, for_ever = answer.within(60), answer.within(60), answer.within()
        assert patient is also_patient
        impatient = await answer.within(0.001)
        assert not answer.is_given
        answer.give()
        answer.give()
        return [impatient, await patient, await for_ever, await answer.within(30), await answer.within(0.001)]

    assert asyncio.run(tried()) == [False, True, True, True, True]

"""What a visit keeps: two pages of one browser that are made at once do not undo each other."""

from kumihimo.rooms.portal.visits import StoredVisits


async def found(visits, token):
    visit = await visits.find(token)
    assert visit is not None
    return visit


async def twice(house):
    """Let two pages find one visit before either is done."""
    hanako = house.person()
    await hanako.log_in()
    token = hanako.http.cookies["kumihimo-portal"]
    visits = StoredVisits(house.portal)
    return visits, token, await found(visits, token), await found(visits, token)


def test_a_page_that_only_reads_takes_back_nothing_that_another_remembered(at_portal):
    async def story(house):
        visits, token, reads, remembers = await twice(house)
        remembers.kept["asking"] = "an entry"
        await visits.keep(remembers)
        await visits.keep(reads)
        assert (await found(visits, token)).kept["asking"] == "an entry"

    at_portal(story)


def test_what_a_page_remembered_or_forgot_is_written_down(at_portal):
    async def story(house):
        visits, token, first, _ = await twice(house)
        first.kept["asking"] = "an entry"
        await visits.keep(first)
        second = await found(visits, token)
        del second.kept["asking"]
        second.done = "asked", "it"
        await visits.keep(second)
        third = await found(visits, token)
        assert ("asking" in third.kept, third.done) == (False, ("asked", "it"))
        third.done = None
        await visits.keep(third)
        assert (await found(visits, token)).done is None

    at_portal(story)

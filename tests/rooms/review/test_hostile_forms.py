"""Whatever a browser sends to a form of the desk, nothing breaks, nothing changes, nothing comes back."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kumihimo.kernel.door import own_routes
from tests.rooms.review.house import finding
from tests.rooms.review.test_pages import token

FIELDS = st.sampled_from(
    ["answer", "mechanism", "right", "number", "then", "item", "attribute", "language", "junk"]
)
WORDS = st.one_of(
    st.sampled_from(["wrong", "own", "typed", "proposed", "next", "household", "0", "-1", "ja"]),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=40),
    st.integers().map(str),
)
FORMS = st.dictionaries(FIELDS, WORDS, max_size=6)
FEW = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=(HealthCheck.too_slow,),
)
SENTINEL = "さくら町の誰か"


def test_a_form_that_no_page_has_sent_breaks_nothing(at_desk):
    async def story(house):
        await house.load(finding(1))
        ito = await house.signed_in("ito")
        posts = [
            path
            for path, handler in own_routes(house.room.app)
            if "POST" in handler.http_methods and path not in {"/sign-out", "/language"}
        ]
        assert len(posts) > 5
        forms = []

        @FEW
        @given(FORMS)
        def collect(form):
            forms.append(form)

        collect()
        await ito.open("/")
        proof = token(ito)
        for path in posts:
            for form in forms:
                for sent in (form, form | proof, form | proof | {"junk": SENTINEL}):
                    answer = await ito.post(path, sent)
                    assert answer.status_code < 500, path
                    assert SENTINEL not in answer.text
        assert await house.value("SELECT count(*) FROM item WHERE decision IS NOT NULL") == 0

    at_desk(story)

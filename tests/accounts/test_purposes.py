"""The words people agreed to stay what they were; what is said about data is said in full."""

from accounts import purposes
from accounts.purposes import Purpose

# Every text that was ever published. One may be added; none may be changed or taken out.
PUBLISHED = {
    (Purpose.KEEP, 1, "en"): "6c49fb1e4872c368ac2dbc5153d17992f7f69d7d2af40018a403bc95450781d9",
    (Purpose.NEWS, 1, "en"): "1f151864c384ac565fbe8fea1f65c6bf15162374f2b0c226d790b414c6d3d280",
}


def test_published_words_never_change() -> None:
    kept = {(one.purpose, one.version, one.locale): one.sha256 for one in purposes.texts()}

    assert len(kept) == len(purposes.texts())
    assert kept == PUBLISHED


def test_every_purpose_has_words_and_is_explained() -> None:
    for purpose in Purpose:
        assert purposes.shown(purposes.current(purpose).sha256) == purposes.current(purpose)
        assert purposes.use(purpose).purpose == purpose
    for use in purposes.uses():
        assert all((use.title, use.data, use.how, use.why, use.until))
        assert use.basis.startswith("GDPR Art. ")


def test_the_newest_words_are_asked_for() -> None:
    newest = purposes.current(Purpose.NEWS)

    assert newest.version == max(
        one.version for one in purposes.texts() if one.purpose is Purpose.NEWS
    )

"""Addresses of this site in messages become links, and nothing else does."""

import pytest

from palio.web.links import linked


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Look.", "Look."),
        (
            "See /challenges/toy/cases/0a",
            'See <a href="/challenges/toy/cases/0a">/challenges/toy/cases/0a</a>',
        ),
        ("(/challenges/toy).", '(<a href="/challenges/toy">/challenges/toy</a>).'),
        ("<b>/challenges/</b> &", "&lt;b&gt;/challenges/&lt;/b&gt; &amp;"),
        ("https://e.org/challenges/toy", "https://e.org/challenges/toy"),
        (
            '/challenges/a"><script>',
            '<a href="/challenges/a">/challenges/a</a>&#34;&gt;&lt;script&gt;',
        ),
    ],
)
def test_paths_of_challenges_become_links(text: str, html: str) -> None:
    assert str(linked(text)) == html

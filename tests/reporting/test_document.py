import base64
import hashlib
import re

import pytest

from persona_batch.reporting.document import document, page_folder

PAGE = "".join(
    document(
        title="a </title><script>alert(1)</script> & b", lang="zh", verdict="<p>…</p>\n", blocks=[("meta", "AA==")]
    )
)


def hashes(texts: list[str]) -> list[str]:
    return [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]


def policy() -> dict[str, list[str]]:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', PAGE)
    assert found is not None
    parts = [part.split() for part in found[1].split("; ")]
    return {name: values for name, *values in parts}


def test_the_policy_allows_this_script_and_these_styles_and_nothing_else() -> None:
    scripts = re.findall(r'<script type="module" async>(.*?)</script>', PAGE, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    assert policy() == {
        "default-src": ["'none'"],
        "script-src": hashes(scripts),
        "style-src": hashes(styles),
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
    assert len(scripts) == 1
    assert len(styles) == sum(file.name.endswith(".css") for file in page_folder().iterdir())


def test_hashes_hold_for_what_a_parser_reads() -> None:
    assert "\r" not in PAGE  # it would be read as a line feed, and the hash be wrong


def test_the_policy_comes_before_all_that_it_rules_and_the_script_before_the_data() -> None:
    places = [PAGE.index(part) for part in ("Content-Security-Policy", "<title>", "<style>", "<script", 'id="meta"')]
    assert places == sorted(places)


def test_a_title_is_text() -> None:
    assert "<title>a &lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; b</title>" in PAGE


@pytest.mark.parametrize(
    "pattern", [r'(?:src|href)="(?!#)', r"https?://(?!www\.w3\.org/)", r"@import", r"url\((?!data:|#)"]
)
def test_nothing_in_the_file_leads_out_of_it(pattern: str) -> None:
    assert not re.findall(pattern, PAGE)

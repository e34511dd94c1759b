"""The pages under docs/models are those of the models as they are now."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lead_handoff import settings
from lead_handoff.dbt import docs
from lead_handoff.dbt.docs import site
from lead_handoff.dbt.docs.catalogue import Mart, marts

COMMITTED = settings.project_root() / docs.FOLDER
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def known(manifest: dict[str, Any]) -> dict[str, Mart]:
    """Marts by name."""
    return {mart.name: mart for mart in marts(manifest)}


def test_the_committed_pages_are_up_to_date(known: dict[str, Mart]) -> None:
    expected = docs.rendered(list(known.values()))
    found = {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()}
    stale = sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    )
    assert stale == [], "run `make docs` and commit what it writes"


def test_every_mart_has_a_page_with_all_its_columns(known: dict[str, Mart]) -> None:
    for name, mart in known.items():
        page = (COMMITTED / f"{name}.md").read_text(encoding="utf-8")
        assert [c.name for c in mart.columns if f"| `{c.name}` | {c.data_type} |" not in page] == []


def test_links_between_pages_lead_somewhere() -> None:
    for path in COMMITTED.glob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            assert (COMMITTED / target).exists(), f"{path.name}: {target}"


def test_keys_and_references_are_found(known: dict[str, Mart]) -> None:
    assert known["fct_handoff_legs"].key == ("handoff_id", "leg_number")
    assert known["fct_sla_compliance"].key == ()
    references = {
        column.name: column.refers_to
        for column in known["fct_handoffs"].columns
        if column.refers_to is not None
    }
    assert references["lead_id"] == ("dim_leads", "lead_id")
    assert references["accepted_by_id"] == ("dim_users", "user_id")
    assert references["offered_on"] == ("dim_dates", "calendar_date")
    assert "handoff_id" not in references
    assert {c.name for c in known["fct_touches"].references()["fct_handoffs"]} == {"handoff_id"}
    assert "fct_handoffs" not in known["dim_leads"].references()


def test_references_have_the_type_of_what_they_refer_to(known: dict[str, Mart]) -> None:
    types = {(m.name, c.name): c.data_type for m in known.values() for c in m.columns}
    for mart in known.values():
        for column in mart.columns:
            if column.refers_to is not None:
                assert types[column.refers_to] == column.data_type, f"{mart.name}.{column.name}"


@pytest.fixture(scope="module")
def picture() -> ElementTree.Element:
    """The committed diagram."""
    return ElementTree.parse(COMMITTED / "marts.svg").getroot()  # noqa: S314 (our own file)


def boxes_of(picture: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each mart's box."""
    frames = [one for one in picture.iter(f"{SVG}rect") if "box" in one.get("class", "")]
    names = [one.text for one in picture.iter(f"{SVG}text") if one.get("class") == "name"]
    found = {}
    for name, frame in zip(names, frames, strict=True):
        x, y, width, height = (float(frame.attrib[one]) for one in ("x", "y", "width", "height"))
        found[str(name)] = (x, y, x + width, y + height)
    return found


def test_the_picture_shows_every_mart_apart_and_within_its_frame(
    picture: ElementTree.Element, known: dict[str, Mart]
) -> None:
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    boxes = boxes_of(picture)
    assert boxes.keys() == known.keys()
    places = list(boxes.values())
    for number, (left, top, right, bottom) in enumerate(places):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        for one in places[number + 1 :]:
            assert right <= one[0] or one[2] <= left or bottom <= one[1] or one[3] <= top


def test_an_arrow_of_the_picture_ends_at_every_mart_that_is_referred_to(
    picture: ElementTree.Element, known: dict[str, Mart]
) -> None:
    tips = {
        (float(x), float(y))
        for path in picture.iter(f"{SVG}path")
        if path.get("fill")
        for x, y in re.findall(r"^M([\d.]+),([\d.]+)", path.attrib["d"])
    }
    reached = {
        name
        for name, (left, top, right, bottom) in boxes_of(picture).items()
        if any(x in (left, right) and top < y < bottom for x, y in tips)
    }
    others = {
        target for mart in known.values() for target in mart.references() if target != mart.name
    }
    assert reached == others


def test_pages_do_not_depend_on_the_order_of_dbts_manifest(
    manifest: dict[str, Any], known: dict[str, Mart]
) -> None:
    turned = manifest | {
        "nodes": dict(reversed(manifest["nodes"].items())),
        "metrics": dict(reversed(manifest["metrics"].items())),
        "child_map": {name: members[::-1] for name, members in manifest["child_map"].items()},
    }
    assert docs.rendered(marts(turned)) == docs.rendered(list(known.values()))


def test_dbts_own_site_is_one_file_that_needs_no_warehouse_and_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: dict[str, Mart]
) -> None:
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path))
    monkeypatch.delenv("HANDOFF_WAREHOUSE_URL", raising=False)
    _, has_marts = site.parse()
    assert not has_marts
    index = site.generate(has_marts)
    text = index.read_text(encoding="utf-8")
    assert tmp_path in index.parents
    assert [name for name in known if f"model.lead_handoff.{name}" not in text] == []
    assert not re.search(r"""<(?:script|link)[^>]+(?:src|href)=["']?https?:""", text)

"""The stand-alone verifier redraws what the draw drew, alone, and notices every change."""

import hashlib
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lead_handoff.review import verify
from lead_handoff.review.allocation import allocate, stratum_of
from lead_handoff.review.population import Member, canonical_line
from lead_handoff.review.sampler import draw_strata


def published(
    folder: Path, dice: random.Random, strata: list[str], size: int, sample: int, minimum: int = 1
) -> Path:
    """A population file and a manifest made by the program's own draw."""
    members = sorted(
        (
            Member(
                "v1",
                "2026-05-01T04:00:00.000000Z",
                dice.choice(["rejected", "sent_back", "ignored", "machine"]),
                f"{dice.getrandbits(60):x}{dice.choice(['', '-é', '京'])}",
                dice.choice(["East", "West", None]),
                dice.choice(["A", "B"]),
            )
            for _ in range(size)
        ),
        key=lambda member: member.handoff_id,
    )
    members = list({member.handoff_id: member for member in members}.values())
    content = b"".join(map(canonical_line, members))
    placed = {m.handoff_id: stratum_of(strata, m.team, m.exit_kind, m.tier) for m in members}
    sizes: dict[tuple[str, ...], int] = {}
    for stratum in placed.values():
        sizes[stratum] = sizes.get(stratum, 0) + 1
    deviations = {stratum: dice.randrange(1, 501) for stratum in sorted(sizes)}
    if dice.random() < 0.5:
        deviations = {}
    wanted = allocate(sizes, sample, minimum, deviations)
    seed = str(dice.getrandbits(66))
    drawn = draw_strata(placed.items(), seed, wanted)
    manifest = {
        "policy": {
            "strata": strata,
            "sample_size": sample,
            "minimum_per_stratum": minimum,
            "deviations": [[list(stratum), value] for stratum, value in deviations.items()],
        },
        "population": {
            "file": "population.jsonl",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(members),
        },
        "seed": seed,
        "strata": [
            {"stratum": list(s), "population": sizes[s], "sample": wanted[s]} for s in sorted(sizes)
        ],
        "sample": [
            {"handoff_id": ticket.id, "ticket": ticket.number}
            for s in sorted(sizes)
            for ticket in drawn[s]
        ],
    }
    folder.mkdir(exist_ok=True)
    (folder / "population.jsonl").write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder / "manifest.json"


def edit(manifest: Path, change: Any) -> None:
    content = json.loads(manifest.read_text())
    change(content)
    manifest.write_text(json.dumps(content))


def test_300_random_draws_are_redrawn_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(64)
    policies = [["team", "exit_kind"], ["team"], ["exit_kind"], ["tier", "team", "exit_kind"]]
    for _ in range(300):
        manifest = published(
            tmp_path,
            dice,
            dice.choice(policies),
            dice.randrange(0, 60),
            dice.randrange(0, 25),
            dice.randrange(0, 4),
        )
        assert verify.main(str(manifest)) == 0, capsys.readouterr().out


def test_it_runs_alone_with_the_standard_library_from_anywhere(tmp_path: Path) -> None:
    manifest = published(tmp_path / "review", random.Random(1), ["team"], 50, 10)
    script = shutil.copy(str(verify.__file__), tmp_path / "copied.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", script, str(manifest)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "yes: all 10 cases are redrawn\n")


def test_it_is_short_enough_to_be_read() -> None:
    lines = Path(str(verify.__file__)).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 80


def test_300_edits_are_all_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(300)
    original = published(tmp_path / "original", dice, ["team", "exit_kind"], 60, 20)
    for number in range(300):
        folder = tmp_path / "edited"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(original.parent, folder)
        path = folder / "population.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        place = dice.randrange(len(lines) - 1)
        match number % 6:
            case 0:  # one byte
                content = bytearray(path.read_bytes())
                content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
                path.write_bytes(bytes(content))
            case 1:  # a row less
                path.write_bytes(b"".join(lines[:place] + lines[place + 1 :]))
            case 2:  # two rows swapped
                lines[place], lines[place + 1] = lines[place + 1], lines[place]
                path.write_bytes(b"".join(lines))
            case 3:  # the end missing
                path.write_bytes(path.read_bytes()[: -dice.randrange(1, 200)])
            case 4:  # another row in its place
                row = json.loads(lines[place])
                row["team"] = {"East": "West"}.get(row["team"], "East")
                lines[place] = canonical_line(Member(**row))
                path.write_bytes(b"".join(lines))
            case 5:  # a row twice
                path.write_bytes(b"".join([*lines[: place + 1], *lines[place:]]))
        assert verify.main(str(folder / "manifest.json")) == 1
        assert capsys.readouterr().out.startswith("no: ")


def _replace_first_case(manifest: Any) -> None:
    manifest["sample"][0]["handoff_id"] = "somebody else"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda m: m.update(seed="another"), "case 1 is"),
        (_replace_first_case, "case 1 is"),
        (lambda m: m["sample"].pop(), "case 20 is"),
        (lambda m: m["sample"].append(m["sample"][0]), "case 21 is"),
        (lambda m: m["sample"].reverse(), "case 1 is"),
        (lambda m: m["policy"].update(sample_size=21), "stratum "),
        (lambda m: m["policy"].update(strata=["team"]), "stratum 1 is"),
        (lambda m: m["strata"][2].update(sample=0), "stratum 3 is"),
        (lambda m: m["population"].update(size=1), "members"),
        (lambda m: m["population"].update(sha256="0" * 64), "SHA-256"),
        (lambda m: m["population"].update(file="../population.jsonl"), "plain file name"),
    ],
)
def test_the_first_difference_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, named: str
) -> None:
    manifest = published(tmp_path, random.Random(8), ["team", "exit_kind"], 80, 20)
    edit(manifest, change)
    assert verify.main(str(manifest)) == 1
    assert named in capsys.readouterr().out


def test_a_population_rebuilt_with_its_hash_still_fails_on_the_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = published(tmp_path, random.Random(9), ["team", "exit_kind"], 60, 20)
    drawn = json.loads(manifest.read_text())["sample"][0]["handoff_id"]
    path = tmp_path / "population.jsonl"
    kept = [
        line for line in path.read_bytes().splitlines(keepends=True) if drawn.encode() not in line
    ]
    path.write_bytes(b"".join(kept))

    def rebuild(content: Any) -> None:
        content["population"]["sha256"] = hashlib.sha256(b"".join(kept)).hexdigest()
        content["population"]["size"] -= 1

    edit(manifest, rebuild)
    assert verify.main(str(manifest)) == 1
    assert capsys.readouterr().out.startswith("no: stratum ")


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "no json"])
def test_what_is_no_manifest_is_unreadable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (tmp_path / "manifest.json").write_text(content)
    assert verify.main(str(tmp_path / "manifest.json")) == 2
    assert capsys.readouterr().out.startswith("unreadable: ")
    assert verify.main(str(tmp_path / "nowhere.json")) == 2

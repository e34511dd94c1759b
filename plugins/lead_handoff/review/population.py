"""The month's population: which handoffs left sales' hands in it, frozen and hashed.

A handoff belongs to the month that holds its decision moment, months being those of the agreement's
time zone:

| exit_kind | decision moment | who |
|---|---|---|
| rejected | rejected_at | not shown to be a machine (a person, or an actor nobody knows) |
| sent_back | sent_back_at, after acceptance | the same |
| machine | rejected_at or sent_back_at | an automation made the exit |
| ignored | response_due_at | nobody answered; also where a machine expired it after that time |

Nothing "uninteresting" is removed first.

Canonical form, over which the SHA-256 goes and which the population file holds: one JSON object a
line in ascending order of handoff_id (by code point), keys sorted, no blanks, UTF-8 in NFC, every
line ended by one line feed; times in UTC with microseconds; what is not known is null.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from json.encoder import encode_basestring
from typing import Any, LiteralString, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from psycopg import errors as db_errors
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lead_handoff import months
from lead_handoff.agreement import in_force
from lead_handoff.agreement.panel import Reviewer
from lead_handoff.review import ledger
from lead_handoff.review.allocation import stratum_of
from lead_handoff.review.deviations import deviations
from lead_handoff.review.errors import (
    BadIdError,
    BadMonthError,
    DuplicateIdError,
    NoMartsError,
    OpenMonthError,
    PopulationChangedError,
)
from lead_handoff.review.ids import as_in_marts
from lead_handoff.review.policy import Policy
from lead_handoff.review.sampler import canonical_id

MARTS = ("dim_agreement_versions", "fct_handoffs")
"""What the population is taken from, in schema marts."""

_LOCK_TIMEOUT = "30s"

# Unicode's NFC of a column. ASCII is NFC as it stands, and normalising every id of a large month
# would cost as much as storing it.
_NFC: LiteralString = (
    "case when octet_length({0}) = char_length({0}) then {0} else normalize({0}, NFC) end"
)

# As of the marts: one row per handoff whose decision moment lies in [month_start, month_end).
_EXITS = sql.SQL(
    """
    with exits as (
        select
            *,
            case outcome
                when 'rejected' then rejected_at
                when 'accepted' then sent_back_at
                when 'ignored' then response_due_at
            end as decided_at,
            case
                when outcome = 'ignored' then 'ignored'
                when outcome = 'rejected' and rejected_by_type = 'automation' then 'machine'
                when outcome = 'rejected' then 'rejected'
                when sent_back_by_type = 'automation' then 'machine'
                else 'sent_back'
            end as exit_kind
        from marts.fct_handoffs
        where outcome in ('rejected', 'accepted', 'ignored')
    )
    select
        ({handoff_id}) collate "C" as handoff_id,
        exit_kind,
        decided_at,
        {team_at_offer} as team,
        {tier} as tier,
        {agreement_version} as agreement_version,
        lead_id,
        owner_id_at_offer as owner_id,
        offered_at,
        rejection_reason
    from exits
    where decided_at >= %(month_start)s and decided_at < %(month_end)s
    """
).format(
    **{
        name: sql.SQL(_NFC).format(sql.Identifier(name))
        for name in ("handoff_id", "team_at_offer", "tier", "agreement_version")
    }
)
_FREEZE_EXITS = sql.SQL(
    "insert into review.population (handoff_id, exit_kind, decided_at, team, tier,"
    " agreement_version, lead_id, owner_id, offered_at, rejection_reason, month)"
    " select exits.*, %(month)s from ({}) as exits order by handoff_id"
).format(_EXITS)
_TAKE_EXITS = sql.SQL("create temporary table exits_now on commit drop as {}").format(_EXITS)


class Member(NamedTuple):
    """A member of the population as it is hashed and drawn; the fields are in canonical order."""

    agreement_version: str | None
    decided_at: str
    exit_kind: str
    handoff_id: str
    team: str | None
    tier: str | None


@dataclass(frozen=True)
class AgreementVersion:
    """One published version of the agreement."""

    name: str
    valid_from: date
    time_zone: str


@dataclass(frozen=True)
class Month:
    """A calendar month of the agreement's time zone: the instants [start, end)."""

    name: str
    start: datetime
    end: datetime
    time_zone: str
    agreement_version: str


@dataclass(frozen=True)
class Frozen:
    """A frozen population, as recorded; ``seed`` is None until the draw."""

    month: str
    draw_id: str
    month_start: datetime
    month_end: datetime
    time_zone: str
    run_as_of: datetime
    agreement_version: str
    policy: dict[str, Any]
    population_size: int
    population_sha256: str
    frozen_at: datetime
    seed: str | None


@dataclass(frozen=True)
class Drift:
    """How the published marts differ from the frozen population by now; counts of handoffs."""

    late: int
    changed: int
    gone: int


def check_month(name: str) -> date:
    """The first day of the month called YYYY-MM.

    Raises:
        BadMonthError: the name is not YYYY-MM.
    """
    try:
        return months.first_day(name)
    except months.MonthError as error:
        raise BadMonthError(str(error)) from error


def month_of(name: str, versions: list[AgreementVersion]) -> Month:
    """The month called YYYY-MM. Each of its ends is midnight where the version in force then lives.

    The first version serves for anything earlier. A month's end is the next one's start by
    construction, also where the agreement moves to another time zone.

    Raises:
        BadMonthError: the name is not YYYY-MM.
    """
    first = check_month(name)
    version, start = _midnight(first, versions)
    _, end = _midnight(months.next_month(first), versions)
    return Month(name, start, end, version.time_zone, version.name)


def published(connection: psycopg.Connection[Any]) -> tuple[datetime, list[AgreementVersion]]:
    """as_of of the published marts and the versions of the agreement, oldest first.

    Holds the marts in place until the transaction ends, so that all that is read in it is of one
    publication.

    Raises:
        NoMartsError: nothing is published, or the marts lack a table of MARTS.
    """
    connection.execute("select set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
    for mart in MARTS:
        row = connection.execute("select to_regclass(%s)", [f"marts.{mart}"]).fetchone()
        if row is None or row[0] is None:
            raise NoMartsError(
                f"marts.{mart} is not published; run a night first (make nightly DATE=...)"
            )
    connection.execute(
        "lock table marts.dim_agreement_versions, marts.fct_handoffs in access share mode"
    )
    rows = connection.execute(
        "select agreement_version, valid_from, time_zone, run_as_of"
        " from marts.dim_agreement_versions"
    ).fetchall()
    if not rows:
        raise NoMartsError("the published marts hold no agreement; run a night first")
    versions = [
        AgreementVersion(str(name), _as_date(valid_from, zone), str(zone))
        for name, valid_from, zone, _ in rows
    ]
    versions.sort(key=lambda version: (version.valid_from, version.name))
    return max(row[3] for row in rows), versions


def published_month(warehouse_url: str) -> tuple[str, datetime]:
    """The last month that had ended when the published marts were built, and their as_of.

    Raises:
        NoMartsError: nothing is published.
    """
    with psycopg.connect(warehouse_url, options="-c timezone=UTC") as connection:
        as_of, versions = published(connection)
    day = as_of.date().replace(day=1)
    while month_of(months.name_of(day), versions).end > as_of:
        day = date.fromordinal(day.toordinal() - 1).replace(day=1)
    return months.name_of(day), as_of


def version_of(connection: psycopg.Connection[Any], month: str) -> str:
    """Version of the agreement that a month goes by, as the published marts have it.

    Raises:
        NoMartsError: nothing is published.
    """
    _, versions = published(connection)
    return month_of(month, versions).agreement_version


def find(connection: psycopg.Connection[Any], month: str) -> Frozen | None:
    """The month's record, if it was frozen."""
    row = connection.execute(
        "select month, draw_id, month_start, month_end, time_zone, run_as_of, agreement_version,"
        " policy, population_size, population_sha256, frozen_at, seed"
        " from review.draws where month = %s",
        [month],
    ).fetchone()
    return None if row is None else Frozen(*row)


def _deviations(
    connection: psycopg.Connection[Any], month: str, policy: Policy
) -> list[tuple[tuple[str, ...], int]]:
    """Stratum and deviation of the frozen month, as the manifest publishes them."""
    places = connection.execute(
        "select distinct team, exit_kind, tier from review.population where month = %s", [month]
    )
    strata = {stratum_of(policy.strata, *place) for place in places}
    return list(deviations(connection, month, policy.strata, strata).items())


def freeze(
    connection: psycopg.Connection[Any],
    name: str,
    policy_of: Callable[[str], Policy],
    roster_of: Callable[[Policy], tuple[Reviewer, ...]],
) -> Frozen:
    """Copy the month's population out of the published marts, hash it, record it.

    The caller holds the month and commits. ``policy_of`` gives the policy of an agreement version:
    the month goes by the version in force at its start. ``roster_of`` gives a policy's reviewers.

    Raises:
        BadMonthError, NoMartsError, PolicyError.
        OpenMonthError: the published as_of lies before the month's end.
        DuplicateIdError, BadIdError: the marts hold an id twice, or one that cannot be drawn.
    """
    as_of, versions = published(connection)
    month = month_of(name, versions)
    if as_of < month.end:
        raise OpenMonthError(
            f"{name} is not over in the published marts: they show what was known on "
            f"{_utc(as_of)}, the month ends on {_utc(month.end)}; publish a later night first"
        )
    policy = policy_of(month.agreement_version)
    roster = roster_of(policy)
    try:
        connection.execute(
            _FREEZE_EXITS,
            {"month": name, "month_start": month.start, "month_end": month.end},
        )
    except db_errors.UniqueViolation as error:
        raise DuplicateIdError(
            f"fct_handoffs holds a handoff twice in {name}: {error.diag.message_detail}"
        ) from error
    size, digest = 0, hashlib.sha256()
    with members(connection, name) as rows:
        for line in map(canonical_line, rows):
            size += 1
            digest.update(line)
    sha256 = digest.hexdigest()
    draw_id = f"{name}-{sha256[:12]}"
    sample_size = policy.size_for(size)
    frozen_policy = {
        "allocation": policy.allocation,
        "census": sample_size >= size,
        "default_seed": policy.default_seed,
        "double_review_share": policy.double_review_share,
        "minimum_per_stratum": policy.minimum_per_stratum,
        "quorum": policy.quorum,
        "reviewers": [asdict(reviewer) for reviewer in roster],
        "sample_size": sample_size,
        "strata": list(policy.strata),
    }
    if policy.allocation == "neyman":
        frozen_policy["deviations"] = _deviations(connection, name, policy)
    connection.execute(
        "insert into review.draws (month, draw_id, month_start, month_end, time_zone, run_as_of,"
        " generation, agreement_version, policy, population_size, population_sha256, frozen_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())",
        [
            name,
            draw_id,
            month.start,
            month.end,
            month.time_zone,
            as_of,
            _generation(connection),
            month.agreement_version,
            Jsonb(frozen_policy),
            size,
            sha256,
        ],
    )
    ledger.append(
        connection,
        name,
        "frozen",
        {
            "draw_id": draw_id,
            "policy": frozen_policy,
            "population_sha256": sha256,
            "population_size": size,
            "run_as_of": _utc(as_of),
        },
    )
    frozen = find(connection, name)
    if frozen is None:
        raise PopulationChangedError(f"the freeze of {name} was not recorded")
    return frozen


@contextmanager
def members(connection: psycopg.Connection[Any], month: str) -> Iterator[Iterator[Member]]:
    """The frozen population in canonical order, streamed while the block lasts.

    A block and no plain iterator, so that the stream is ended also where reading it fails half
    way: the connection could not even be rolled back before.
    """
    query = (
        "copy (select agreement_version,"
        """ to_char(decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),"""
        " exit_kind, handoff_id, team, tier"
        " from review.population where month = %s order by handoff_id) to stdout"
    )
    with connection.cursor() as cursor, cursor.copy(query, [month]) as copy:
        yield map(Member._make, copy.rows())


def canonical_line(member: Member) -> bytes:
    """One member of the population in canonical form.

    The same as json.dumps with sorted keys, no blanks and ensure_ascii off, but four times as
    fast, which counts when a population has a million members.

    Raises:
        BadIdError: the id is not canonical, so that it could not be drawn as it stands.
    """
    if canonical_id(member.handoff_id) != member.handoff_id:
        raise BadIdError(f"the handoff id {member.handoff_id!r} has outer spaces or is not in NFC")
    return (_LINE % tuple([_json_text(value) for value in member])).encode()


_LINE = "{" + ",".join(f'"{column}":%s' for column in Member._fields) + "}\n"


def _json_text(value: str | None) -> str:
    if value is None:
        return "null"
    return encode_basestring(value if value.isascii() else unicodedata.normalize("NFC", value))


def drift(connection: psycopg.Connection[Any], frozen: Frozen) -> Drift:
    """Compare the frozen population with what is published now; keep late arrivals, listed apart.

    The frozen rows stay as they are. Late: in the month by now, not in the population. Changed: in
    both, but with another kind, moment, team, tier, version or reason. Gone: not in the month now.

    Raises:
        NoMartsError: nothing is published.
    """
    as_of, _ = published(connection)
    about = {"month": frozen.month, "as_of": as_of}
    connection.execute(
        _TAKE_EXITS, {"month_start": frozen.month_start, "month_end": frozen.month_end}
    )
    frozen_ids = connection.execute(
        "select handoff_id from review.population where month = %s", [frozen.month]
    ).fetchall()
    renamed = [
        (former, current)
        for former, current in as_in_marts(connection, [row[0] for row in frozen_ids]).items()
        if former != current
    ]
    for former, current in renamed:
        # What was frozen under another id is the same handoff.
        connection.execute(
            "update exits_now set handoff_id = %s where handoff_id = %s", [former, current]
        )
    connection.execute(
        "insert into review.late_arrivals (month, handoff_id, exit_kind, decided_at, team, tier,"
        " agreement_version, seen_as_of)"
        " select %(month)s, handoff_id, exit_kind, decided_at, team, tier, agreement_version,"
        " %(as_of)s from exits_now where not exists (select from review.population as frozen"
        " where frozen.month = %(month)s and frozen.handoff_id = exits_now.handoff_id)"
        " on conflict do nothing",
        about,
    )
    counts = connection.execute(
        "select count(*) filter (where frozen.handoff_id is null),"
        " count(*) filter (where frozen.handoff_id is not null and exits_now.handoff_id is not null"
        "   and (frozen.exit_kind, frozen.decided_at, frozen.team, frozen.tier,"
        "        frozen.agreement_version, frozen.rejection_reason)"
        "   is distinct from (exits_now.exit_kind, exits_now.decided_at, exits_now.team,"
        "        exits_now.tier, exits_now.agreement_version, exits_now.rejection_reason)),"
        " count(*) filter (where exits_now.handoff_id is null)"
        " from exits_now full join"
        " (select * from review.population where month = %(month)s) as frozen using (handoff_id)",
        about,
    ).fetchone()
    found = Drift(*counts) if counts else Drift(0, 0, 0)
    detail = {
        "run_as_of": _utc(as_of),
        "late": found.late,
        "changed": found.changed,
        "gone": found.gone,
    }
    last = connection.execute(
        "select detail from review.log where month = %s and event = 'compared'"
        " order by entry desc limit 1",
        [frozen.month],
    ).fetchone()
    if last is None or last[0] != detail:
        ledger.append(connection, frozen.month, "compared", detail)
    return found


def late_arrivals(connection: psycopg.Connection[Any], month: str) -> list[dict[str, Any]]:
    """The handoffs that became known after the month's freeze, by id."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select handoff_id, exit_kind, decided_at, team, tier, agreement_version, seen_as_of"
            " from review.late_arrivals where month = %s order by handoff_id",
            [month],
        ).fetchall()


def _midnight(day: date, versions: list[AgreementVersion]) -> tuple[AgreementVersion, datetime]:
    version = in_force(versions, lambda version: version.valid_from, day)
    local = datetime.combine(day, time(), ZoneInfo(version.time_zone))
    return version, local.astimezone(UTC)


def _as_date(value: Any, zone: Any) -> date:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(str(zone))).date() if value.tzinfo else value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _generation(connection: psycopg.Connection[Any]) -> int | None:
    found = connection.execute("select to_regclass('ops.generations') is not null").fetchone()
    if found != (True,):
        return None
    row = connection.execute("select max(generation) from ops.generations").fetchone()
    return None if row is None else row[0]


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

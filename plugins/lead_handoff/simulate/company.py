"""The simulated company's people, with the ids that its example agreement also carries.

The example agreement and this list are kept equal by a test, so that a user who edits the
agreement does not change what the simulator writes.
"""

from dataclasses import dataclass

from lead_handoff.simulate.identifiers import salesforce_id


@dataclass(frozen=True)
class Person:
    """One Salesforce user of the company.

    `function`, `team`, `calendar` and `is_quota_bearing` are the roster's columns; `left_on` is
    the day a leaver's user was switched off (ISO date) or empty; `on_roster` is false for the
    users that the agreement does not list as people.
    """

    user_id: str
    name: str
    title: str
    function: str
    role: str
    team: str
    manager_id: str
    is_quota_bearing: bool
    calendar: str
    left_on: str = ""
    on_roster: bool = True
    user_type: str = "Standard"

    @property
    def email(self) -> str:
        """A made-up address in a domain reserved for examples."""
        return self.name.lower().replace(" ", ".") + "@corp.example.com"


def _user(number: int) -> str:
    return salesforce_id("005", 4_100_000 + number * 8_191)


VP_SALES = _user(1)
MANAGER_EAST, MANAGER_WEST, MANAGER_EUROPE = _user(2), _user(3), _user(4)
CMO = _user(31)
SYNC_USER = _user(41)
TIMER_USER = _user(42)
PARTNER_USER = _user(43)
OPERATIONS_USER = _user(44)
INBOUND_QUEUE = salesforce_id("00G", 17_391)
LEAVER = _user(19)

_EAST, _WEST, _EUROPE = "us_east", "us_west", "europe"

PEOPLE: tuple[Person, ...] = (
    Person(
        VP_SALES,
        "Ruth Abernathy",
        "VP Sales",
        "executive",
        "executive",
        "Leadership",
        "",
        False,
        _EAST,
    ),
    Person(
        MANAGER_EAST,
        "Marcus Doyle",
        "Sales Manager East",
        "sales",
        "manager",
        "East",
        VP_SALES,
        False,
        _EAST,
    ),
    Person(
        MANAGER_WEST,
        "Priya Raman",
        "Sales Manager West",
        "sales",
        "manager",
        "West",
        VP_SALES,
        False,
        _WEST,
    ),
    Person(
        MANAGER_EUROPE,
        "Jonas Keller",
        "Sales Manager Europe",
        "sales",
        "manager",
        "Europe",
        VP_SALES,
        False,
        _EUROPE,
    ),
    Person(
        _user(11),
        "Alice Monroe",
        "Account Executive",
        "sales",
        "rep",
        "East",
        MANAGER_EAST,
        True,
        _EAST,
    ),
    Person(
        _user(12),
        "Ben Whitaker",
        "Account Executive",
        "sales",
        "rep",
        "East",
        MANAGER_EAST,
        True,
        _EAST,
    ),
    Person(
        _user(13),
        "Carla Jimenez",
        "Account Executive",
        "sales",
        "rep",
        "East",
        MANAGER_EAST,
        True,
        _EAST,
    ),
    Person(
        _user(14),
        "Derek Osei",
        "Account Executive",
        "sales",
        "rep",
        "East",
        MANAGER_EAST,
        True,
        _EAST,
    ),
    Person(
        _user(15),
        "Elena Park",
        "Account Executive",
        "sales",
        "rep",
        "West",
        MANAGER_WEST,
        True,
        _WEST,
    ),
    Person(
        _user(16),
        "Felix Grant",
        "Account Executive",
        "sales",
        "rep",
        "West",
        MANAGER_WEST,
        True,
        _WEST,
    ),
    Person(
        _user(17),
        "Gina Tran",
        "Account Executive",
        "sales",
        "rep",
        "West",
        MANAGER_WEST,
        True,
        _WEST,
    ),
    Person(
        _user(18),
        "Henry Blake",
        "Account Executive",
        "sales",
        "rep",
        "West",
        MANAGER_WEST,
        True,
        _WEST,
    ),
    Person(
        LEAVER,
        "Ivan Petrov",
        "Account Executive",
        "sales",
        "rep",
        "West",
        MANAGER_WEST,
        True,
        _WEST,
        left_on="2026-03-31",
    ),
    Person(
        _user(20),
        "Katrin Vogel",
        "Account Executive",
        "sales",
        "rep",
        "Europe",
        MANAGER_EUROPE,
        True,
        _EUROPE,
    ),
    Person(
        _user(21),
        "Lars Nilsson",
        "Account Executive",
        "sales",
        "rep",
        "Europe",
        MANAGER_EUROPE,
        True,
        _EUROPE,
    ),
    Person(
        _user(22),
        "Marie Laurent",
        "Account Executive",
        "sales",
        "rep",
        "Europe",
        MANAGER_EUROPE,
        True,
        _EUROPE,
    ),
    Person(
        _user(23),
        "Nuno Almeida",
        "Account Executive",
        "sales",
        "rep",
        "Europe",
        MANAGER_EUROPE,
        True,
        _EUROPE,
    ),
    Person(
        _user(24),
        "Olivia Stone",
        "Business Development",
        "sales",
        "bdr",
        "East",
        MANAGER_EAST,
        False,
        _EAST,
    ),
    Person(
        _user(25),
        "Peter Nakata",
        "Business Development",
        "sales",
        "bdr",
        "West",
        MANAGER_WEST,
        False,
        _WEST,
    ),
    Person(
        _user(26),
        "Rosa Lindner",
        "Business Development",
        "sales",
        "bdr",
        "Europe",
        MANAGER_EUROPE,
        False,
        _EUROPE,
    ),
    Person(CMO, "Simone Carver", "CMO", "marketing", "executive", "Marketing", "", False, _EAST),
    Person(
        _user(32),
        "Tom Ashdown",
        "Demand Generation",
        "marketing",
        "manager",
        "Marketing",
        CMO,
        False,
        _EAST,
    ),
    Person(
        _user(33),
        "Uma Deshpande",
        "Marketing Operations",
        "marketing",
        "specialist",
        "Marketing",
        CMO,
        False,
        _EAST,
    ),
    Person(
        OPERATIONS_USER,
        "Victor Hahn",
        "Sales Operations",
        "operations",
        "administrator",
        "Operations",
        VP_SALES,
        False,
        _EAST,
    ),
    Person(SYNC_USER, "Marketo Sync", "Integration", "", "", "", "", False, "", on_roster=False),
    Person(TIMER_USER, "Lead Timer Flow", "Automation", "", "", "", "", False, "", on_roster=False),
    Person(
        PARTNER_USER, "Partner Fast Track", "Automation", "", "", "", "", False, "", on_roster=False
    ),
)

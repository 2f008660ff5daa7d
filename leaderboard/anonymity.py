"""Made-up team names for boards that are anonymous until the reveal."""

import hmac

_FIRST = (
    "Amber", "Ancient", "Azure", "Bold", "Brave", "Bright", "Bronze", "Calm", "Clever", "Copper",
    "Coral", "Crimson", "Distant", "Eager", "Early", "Fair", "Fleet", "Gentle", "Gilded", "Golden",
    "Grand", "Green", "Hardy", "Hidden", "Indigo", "Ivory", "Jade", "Keen", "Lively", "Lucky",
    "Merry", "Misty", "Nimble", "Noble", "Northern", "Olive", "Opal", "Patient", "Pearl", "Plucky",
    "Proud", "Purple", "Quick", "Quiet", "Rapid", "Royal", "Ruby", "Rustic", "Sable", "Scarlet",
    "Serene", "Silver", "Sly", "Southern", "Steady", "Stormy", "Sunny", "Swift", "Teal", "Umber",
    "Velvet", "Violet", "Western", "Wise",
)  # fmt: skip
_SECOND = (
    "Badger", "Bear", "Bison", "Boar", "Buzzard", "Camel", "Cat", "Condor", "Crane", "Cricket",
    "Crow", "Deer", "Dolphin", "Dove", "Dragon", "Eagle", "Falcon", "Finch", "Fox", "Frog",
    "Giraffe", "Goose", "Hare", "Hawk", "Hedgehog", "Heron", "Horse", "Ibex", "Jackal", "Jay",
    "Kestrel", "Kite", "Lark", "Lion", "Lizard", "Lynx", "Magpie", "Marten", "Mole", "Moose",
    "Mouse", "Newt", "Otter", "Owl", "Ox", "Panda", "Panther", "Pelican", "Pike", "Quail",
    "Rabbit", "Raven", "Robin", "Salmon", "Seal", "Snail", "Spider", "Stork", "Swan", "Tiger",
    "Toad", "Turtle", "Viper", "Wolf",
)  # fmt: skip
PURPOSE = "names"  # of the key that is derived from the challenge's secret


def made_up(key: bytes, team_id: str) -> str:
    """Return a team's name, the same on every board; without the key nobody can tell whose it is.

    Two of 5,000 teams get the same name once in twenty challenges.
    """
    digest = hmac.digest(key, team_id.encode(), "sha256")
    first, second = _FIRST[digest[0] % len(_FIRST)], _SECOND[digest[1] % len(_SECOND)]
    return f"{first} {second} {digest[2]:02x}{digest[3]:02x}"

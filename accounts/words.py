"""Words with a meaning of their own: handles nobody gets, and what common passwords are made of."""

_RESERVED = (
    "abuse admin admins administrator all anonymous anyone api baseline baselines challenge "
    "challenges deleted everyone host hosts judge judges log-in log-out login logout me moderator "
    "nobody none null official organiser organisers organizer organizers owner palio postmaster "
    "root security sign-up signup spectator staff static support system team teams undefined "
    "webmaster"
)
RESERVED_HANDLES = frozenset(_RESERVED.split())

# What is left of the passwords guessed first when digits, marks and repeats are taken off.
_COMMON = (
    "abc abcd admin administrator azerty baseball batman challenge changeit changeme charlie "
    "chocolate computer correcthorsebatterystaple default dragon football freedom guest hallo "
    "hello iloveyou internet kaggle letmein login master michael monkey mypassword netflix "
    "ninja palio passw passwd passwort password princess qazwsx qazwsxedc qwer qwert qwerty "
    "qwertyuiop qwertz qwertzuiop root secret shadow starwars summer sunshine superman temp "
    "test testing trustno whatever welcome winter zaq zxcvbnm"
)
COMMON_STEMS = frozenset(_COMMON.split())

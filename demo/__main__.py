"""`make demo`: a challenge from launch to prize on real ratings, then the server stays up."""

import sys
from contextlib import ExitStack

from palio.cli.client.api import Api
from palio.demo import play, server, trust
from palio.demo.play import Stage

COMMAND = "make demo"
ROLES = {
    "organizer": play.HOST,
    "participant": "nadia",
    "judge": play.JUDGE,
    "administrator": play.ADMIN,
}


def main() -> int:
    """Play the demo; exit code 1 with words when it cannot go on."""
    parser = server.options_of(COMMAND, description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="length of the phase")
    options = parser.parse_args()
    return server.run(options, command=COMMAND, seconds=options.seconds, perform=perform)


def perform(stage: Stage) -> None:
    """Play every act in turn."""
    play.make_accounts(stage)
    stage.step("the organizer writes, checks and publishes a challenge on 100,004 real ratings")
    play.launch(stage)
    trust.deposit(stage)
    play.invite_judge(stage)
    with ExitStack() as stack, Api(stage.server) as spectator:
        stage.step("six people sign up, download, train and submit, each in a process of their own")
        players = play.start_participants(stage, stack)
        play.wait_for_first_board(stage, spectator, players)
        stage.step("[bold]first scored board[/]")
        play.show_board(stage, spectator, "public")
        play.wait_for_participants(stage, spectator, players)
        stage.step("all have submitted; the public board before the deadline")
        play.show_board(stage, spectator, "public")
        play.wait_for_deadline(stage, spectator)
        stage.step("the deadline has come, by the database's clock")
        play.send_late(stage)
        play.wait_for_reveal(spectator)
        stage.step("the private board is revealed")
        play.show_board(stage, spectator, "private")
        trust.tell_why(stage)
        play.show_awards(stage, spectator)
    trust.confirm(stage)
    trust.prove(stage)
    stage.console.print()
    for line in play.farewell(stage, roles=ROLES):
        stage.console.print(line)


if __name__ == "__main__":
    sys.exit(main())

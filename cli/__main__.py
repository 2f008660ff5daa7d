"""`python -m palio.cli` is the `palio` command, where no script is on the path."""

from palio.cli.main import main

main()

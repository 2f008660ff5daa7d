"""The built-in metrics, a file for each family; `palio.scoring.registry` lists them by name."""

"""The participant's commands, one module for each noun."""

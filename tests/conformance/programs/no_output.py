"""Ends well without any output."""

from hostile import say

say("contained", "nothing written")

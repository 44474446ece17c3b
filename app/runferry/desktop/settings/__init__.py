"""The settings: panes whose forms are made from the one declaration of each option, and those that need more."""

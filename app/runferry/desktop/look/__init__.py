"""How everything looks: colours by meaning, icons, text sizes, and the words for states, times and sizes."""

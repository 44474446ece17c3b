"""The uncommitted changes of a run's repository: taken when the run begins here, kept, sent, and restored.

Git is only asked, in repositories of this account, with everything off that a repository could make it start.
"""

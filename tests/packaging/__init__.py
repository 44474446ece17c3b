"""Tests of what is shipped: the wheel, the frozen folder, the README's commands."""

"""The W&B protocol, client side. The only place that uses requests."""

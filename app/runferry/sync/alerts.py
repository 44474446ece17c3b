"""Alerts of a run: each is delivered once."""

from __future__ import annotations

import logging

from runferry.formats.entries import Alert
from runferry.remote import runs
from runferry.remote.failures import GraphQLRefused
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger

log = logging.getLogger(__name__)


def deliver_alerts(session: Session, run: Created, ledger: Ledger, delivery: Delivery, alerts: list[Alert]) -> None:
    """Send those that the ledger does not know yet, and empty the list. Raises AppError; then call again.

    A server that does not take an alert is not asked again: notifying late is worse than not at all.
    """
    done = ledger.alerts_sent(delivery) if alerts else set()
    for alert in alerts:
        if alert.index in done:
            continue
        try:
            runs.send_alert(session, run, alert.title, alert.text, alert.level, alert.wait_ms)
        except GraphQLRefused as error:
            log.warning("the server does not take the alert %r: %s", alert.title, error)
        ledger.alert_sent(delivery, alert.index)
    alerts.clear()

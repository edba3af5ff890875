"""The listener on the message bus: what a rule waits for goes into the spool, and only then is the message acknowledged."""

import logging
import random
import signal
import ssl
import threading
import time
from typing import Any, List

import pika

from basedrift_hooks.errors import Passing
from basedrift_hooks.packages import Rule
from basedrift_hooks.spool import Spool

from .config import BusConfig
from .messages import FIELDS, KINDS, wanted

LOG = logging.getLogger("basedrift")
#: Messages that the broker may send ahead of their acknowledgement.
AHEAD = 50
LONGEST_PAUSE = 60.0


class Listener:
    """Listens until a signal asks it to end. Whatever breaks is taken up again, with longer and longer pauses."""

    def __init__(self, bus: BusConfig, rules: List[Rule], spool: Spool) -> None:
        self._bus = bus
        self._rules = rules
        self._spool = spool
        self._ended = threading.Event()

    def run(self) -> None:
        """Returns after SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        pause = 1.0
        while not self._ended.is_set():
            started = time.monotonic()
            try:
                self._listen()
            except (pika.exceptions.AMQPError, OSError, Passing) as error:
                LOG.warning("listening is taken up again, it ended with: %s", error or type(error).__name__)
            pause = 1.0 if time.monotonic() - started > LONGEST_PAUSE else min(LONGEST_PAUSE, pause * 2)
            self._ended.wait(pause * random.uniform(0.5, 1.0))

    def _end(self, *_: object) -> None:
        self._ended.set()

    def _listen(self) -> None:
        parameters = pika.URLParameters(self._bus.url)
        parameters.heartbeat = 60
        parameters.socket_timeout = 20
        parameters.blocked_connection_timeout = 120
        if self._bus.url.startswith("amqps:"):
            parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=self._bus.ca_file), parameters.host)
        connection = pika.BlockingConnection(parameters)
        try:
            channel = connection.channel()
            # The exchange is the build service's own: it is never made here.
            channel.exchange_declare(self._bus.exchange, exchange_type="topic", passive=True)
            kept = self._bus.queue is not None
            queue = channel.queue_declare(self._bus.queue or "", durable=kept, exclusive=not kept, auto_delete=not kept).method.queue
            for name in FIELDS:
                channel.queue_bind(queue, self._bus.exchange, routing_key="%s.%s" % (self._bus.prefix, name))
            channel.basic_qos(prefetch_count=AHEAD)
            LOG.info("listening on %s, queue %s", self._bus.exchange, queue)
            # The bus has no replay: what came while nobody listened is found by listing.
            self._spool.add("reconcile", {}, once=True)
            self._consume(channel, queue)
        finally:
            if connection.is_open:
                connection.close()

    def _consume(self, channel: Any, queue: str) -> None:
        for method, _properties, body in channel.consume(queue, inactivity_timeout=0.5):
            if method is not None:
                fields = wanted(method.routing_key, body, self._bus.prefix, self._rules)
                if fields is not None:
                    kind = KINDS[method.routing_key[len(self._bus.prefix) + 1 :]]
                    # Raises where the disk does not take it: then the message stays the broker's.
                    self._spool.add(kind, fields)
                    LOG.info("%s of %s is spooled", kind, fields["project"])
                channel.basic_ack(method.delivery_tag)
            if self._ended.is_set():
                channel.cancel()
                return

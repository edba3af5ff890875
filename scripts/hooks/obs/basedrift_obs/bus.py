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


def connect(bus: BusConfig) -> Any:
    """A connection to the broker; raises what pika and sockets raise."""
    parameters = pika.URLParameters(bus.url)
    parameters.heartbeat = 60
    parameters.socket_timeout = 20
    parameters.blocked_connection_timeout = 120
    if bus.url.startswith("amqps:"):
        parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=bus.ca_file), parameters.host)
    return pika.BlockingConnection(parameters)


def channel_to(connection: Any, bus: BusConfig) -> Any:
    """A channel, once the exchange is there. It is the build service's own: it is never made here."""
    channel = connection.channel()
    try:
        channel.exchange_declare(bus.exchange, exchange_type="topic", passive=True)
    except pika.exceptions.ChannelClosedByBroker as error:
        what = "The broker does not give the exchange %s, which `exchange` in section [bus] names: %s" % (bus.exchange, error.reply_text)
        raise Passing("exchange-refused", what) from error
    return channel


def greet(bus: BusConfig) -> None:
    """Tries whether the broker can be reached and has the exchange. Raises Passing `bus-away` or `exchange-refused`."""
    try:
        connection = connect(bus)
    except (pika.exceptions.AMQPError, OSError) as error:
        raise Passing("bus-away", "The broker cannot be reached: %s" % (error or type(error).__name__)) from error
    try:
        channel_to(connection, bus)
    finally:
        if connection.is_open:
            connection.close()


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
                LOG.warning("the bus cannot be listened to, and is tried again: %s", error or type(error).__name__)
            pause = 1.0 if time.monotonic() - started > LONGEST_PAUSE else min(LONGEST_PAUSE, pause * 2)
            self._ended.wait(pause * random.uniform(0.5, 1.0))

    def _end(self, *_: object) -> None:
        self._ended.set()

    def _listen(self) -> None:
        connection = connect(self._bus)
        try:
            channel = channel_to(connection, self._bus)
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

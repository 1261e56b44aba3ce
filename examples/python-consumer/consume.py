"""Prints the records of a topic as lines of JSON, without knowing any of their schemas.

Each record carries the id of its schema, and the gateway's registry has the descriptors.
"""

import argparse
import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from schemas import Schemas
from sluice.v1 import consumer_pb2, consumer_pb2_grpc, registry_pb2_grpc

# How long to wait for a topic, or before calling again after a cut.
PAUSE_SECONDS = 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grpc", default="localhost:4025", help="the gateway's RPC port")
    parser.add_argument("--topic", default="biometrics")
    parser.add_argument("--from", dest="start", default="live", help="live, earliest or a position")
    parser.add_argument("--limit", type=int, default=0, help="records to print; 0: without end")
    args = parser.parse_args()

    with grpc.insecure_channel(args.grpc) as channel:
        consumer = consumer_pb2_grpc.ConsumerServiceStub(channel)
        schemas = Schemas(registry_pb2_grpc.RegistryServiceStub(channel))
        printed = 0
        for record in read(consumer, args.topic, args.start):
            print(schemas.json(record), flush=True)
            printed += 1
            if printed == args.limit:
                return


def read(consumer, topic, start):
    """Yields each record once and in order, and calls again after a cut."""
    position = None
    request = first_request(topic, start)
    while True:
        try:
            for message in consumer.Subscribe(request):
                for stored in message.records:
                    yield stored.record
                    position = stored.position
                position = message.position
            return
        except grpc.RpcError as error:
            code = error.code()
            if code == grpc.StatusCode.NOT_FOUND and position is None:
                # What comes first into a topic that is not there yet is all of it.
                request = consumer_pb2.SubscribeRequest(topic=topic, earliest=True)
            elif code == grpc.StatusCode.OUT_OF_RANGE and (gone := position_of(error)):
                print(f"Records are missing: {error.details()}", file=sys.stderr)
                position = gone
            elif code in (grpc.StatusCode.ABORTED, grpc.StatusCode.UNAVAILABLE):
                print(f"Cut off: {error.details()}", file=sys.stderr)
            else:
                raise
        if position is not None:
            request = consumer_pb2.SubscribeRequest(topic=topic, after=position)
        time.sleep(PAUSE_SECONDS)


def first_request(topic, start):
    if start == "live":
        return consumer_pb2.SubscribeRequest(topic=topic)
    if start == "earliest":
        return consumer_pb2.SubscribeRequest(topic=topic, earliest=True)
    return consumer_pb2.SubscribeRequest(topic=topic, after=start)


def position_of(error):
    """Where reading can go on, by the details of a status; None where they do not say."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.metadata.get("position")
    return None


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
